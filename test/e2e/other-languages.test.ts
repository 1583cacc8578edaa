import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { expectCountsToGoOn } from './support/counted-clients.ts';
import { CHAT, expectNodeToDrain } from './support/drained-node.ts';
import { goBackend, javaBackend, pythonBackend, toolsOf } from './support/page-backends.ts';
import { root } from './support/run.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

const page = readFileSync(join(root, 'docs/backend-other-languages.md'), 'utf8');

let folder: string;
let system: System | undefined;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'wsc-languages-'));
});

afterEach(async () => {
  await system?.stop();
  system = undefined;
});

afterAll(() => rmSync(folder, { recursive: true }));

const COMMANDS: Record<string, () => Promise<readonly string[]>> = {
  python: async () => [process.env.WSCLUSTER_TEST_PYTHON ?? '', pythonBackend('server.py', folder)],
  go: async () => [await goBackend(folder)],
  java: async () => ['java', '-cp', await javaBackend(folder), 'Backend'],
};

/** The answer of a node to a handshake that comes past the gateways: the status. */
async function handshake(address: string | null, key: string, revision: string): Promise<number> {
  const headers = { 'x-wscluster-key': encodeURIComponent(key), 'x-wscluster-revision': revision };
  const socket = new WebSocket(`ws://${address}/chat/x`, { headers });
  socket.on('error', () => {});
  const status = await Promise.race([
    once(socket, 'open').then(() => 101),
    once(socket, 'unexpected-response').then(([, answer]) => answer.statusCode as number),
  ]);
  socket.terminate();
  return status;
}

test.each(['python', 'go', 'java'])(
  'a backend in %s knows the key and the revision, refuses keys of others, and drains without losing a client',
  async (language) => {
    const command = (await COMMANDS[language]?.()) ?? [];
    system = await System.start({
      ...{ nodes: 2, gateways: 2, routes: [CHAT], command },
      nodeSettings: (api) => ({ env: { WSCLUSTER_API: api } }),
    });
    const { revision } = await system.ring();
    const named = `${revision.epoch}.${revision.version}`;
    const owners = await system.owners();
    for (const { id, address } of await system.nodes()) {
      const keys = Array.from({ length: 50 }, (_, index) => `ünï codé/${index}+`);
      const own = keys.find((key) => owners(key) === id) ?? '';
      const foreign = keys.find((key) => owners(key) !== id) ?? '';
      // By the newest ring the gateway is believed; the ring before it may be wrong.
      expect(await handshake(address, foreign, named)).toBe(101);
      // A node that gets no answer from the API in time serves.
      await until('the key of another node is refused', async () => (await handshake(address, foreign, '0.1')) === 421);
      expect(await handshake(address, own, '0.1')).toBe(101);
    }
    const answers = await expectNodeToDrain(system);
    expect(new Set(answers.map((answer) => answer.revision))).toEqual(new Set([named]));
    await until(
      'nobody is left',
      async () => (await system?.nodes())?.every(({ state }) => state === 'ready') ?? false,
    );
    await system.settled(2);
  },
  300_000,
);

test('a backend in python hands its connections over with their state', async () => {
  pythonBackend('server.py', folder); // which the other one imports
  const program = pythonBackend('moving.py', folder);
  system = await System.start({
    ...{ nodes: 2, gateways: 2, routes: [CHAT], rebalance: { mode: 'migrate' } },
    command: [process.env.WSCLUSTER_TEST_PYTHON ?? '', program],
  });
  await expectCountsToGoOn(system);
}, 300_000);

test('the page names the versions that are tested', () => {
  expect(readFileSync(toolsOf('go/go.mod'), 'utf8')).toContain(
    `require ${/go get (\S+)@v/.exec(page)?.[1]} v${/go get \S+@v([\d.]+)/.exec(page)?.[1]}`,
  );
  expect(readFileSync(toolsOf('java/pom.xml'), 'utf8')).toContain(
    `<version>${/undertow-core:([\w.]+)/.exec(page)?.[1]}</version>`,
  );
});
