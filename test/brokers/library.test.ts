import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { CHAT } from '../e2e/support/drained-node.ts';
import { ReturningClient } from '../e2e/support/returning-client.ts';
import { root } from '../e2e/support/run.ts';
import { System } from '../e2e/support/system.ts';
import { until } from '../e2e/support/wait.ts';
import { useBrokers } from './support/brokers.ts';

const run = promisify(execFile);
const brokers = useBrokers();

/** A project with the packed library and the clients of brokers, which are this repository's. */
let project: string;
let system: System | undefined;

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'wsc-library-'));
  const dist = join(project, 'dist');
  await run(process.execPath, ['scripts/packages.mjs', dist, '@wscluster/node'], { cwd: root });
  const library = join(project, 'node_modules', '@wscluster', 'node');
  mkdirSync(library, { recursive: true });
  const [tarball = ''] = readdirSync(dist).filter((name) => name.endsWith('.tgz'));
  await run('tar', ['-xzf', join(dist, tarball), '--strip-components=1', '-C', library]);
  for (const name of ['amqplib', 'ioredis', 'ws', 'zod'])
    symlinkSync(join(root, 'node_modules', name), join(project, 'node_modules', name));
  const [, code = ''] = /```js\n(.*?)```/s.exec(readFileSync(join(library, 'README.md'), 'utf8')) ?? [];
  writeFileSync(join(project, 'server.mjs'), code);
});

afterEach(() => system?.stop());

afterAll(() => rmSync(project, { recursive: true }));

test('an application with the packed library follows the ring over RabbitMQ and Redis', async () => {
  const { urls: brokerUrls } = brokers();
  system = await System.start({
    ...{ nodes: 1, gateways: 2, routes: [CHAT], name: 'library', command: ['node', 'server.mjs'] },
    brokers: brokerUrls,
    nodeSettings: { workingDirectory: project },
  });
  const urls = system.gateways.map(({ port }) => `ws://127.0.0.1:${port}/chat`);
  const clients = Array.from({ length: 12 }, (_, index) => {
    const key = `user-${index}`;
    return new ReturningClient(
      key,
      urls.map((url) => `${url}/${key}`),
    );
  });
  try {
    await Promise.all(clients.map((client) => client.ask('first')));
    const added = await system.addNode();
    await system.settled(2);
    const owners = await system.owners();
    const moved = clients.filter(({ key }) => owners(key) === added).map(({ key }) => key);
    const told = () => [...JSON.stringify(system?.controller.lines).matchAll(/lost (user-\d+)/g)].map(([, key]) => key);
    await until('the first node was told of each key that it lost', () => told().length >= moved.length);
    expect(told().sort()).toEqual(moved.sort());
    expect(moved.length).toBeGreaterThan(0);
  } finally {
    for (const client of clients) client.stop();
  }
});
