import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, portBlock } from '@wscluster/testbed/ports';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { http } from './support/http.ts';
import { processesNaming } from './support/processes.ts';
import { Command, root } from './support/run.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

/** The shell commands of a text, in order, each as it is written there. */
function commandsIn(text: string): string[] {
  const blocks = [...text.matchAll(/```sh\n(.*?)```/gs)].map(([, block = '']) => block.replaceAll('\\\n', ''));
  return blocks.flatMap((block) => block.trim().split('\n'));
}

function commandsOfSection(section: string): string[] {
  const [, text = ''] = readFileSync(join(root, 'README.md'), 'utf8').split(`\n## ${section}\n`);
  return commandsIn(text.split('\n## ')[0] ?? '');
}

interface NodeView {
  readonly id: string;
  readonly state: string;
  readonly share: number;
}

describe("README, 'Quick start'", () => {
  let directory: string;
  let started: Command[];
  let ports: { api: number; gateways: [number, number] };
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'wsc-readme-'));
    started = [];
    const [api = 0, first = 0, second = 0] = await freePorts(3);
    ports = { api, gateways: [first, second] };
  });
  afterEach(async () => {
    for (const command of started) command.signal('SIGKILL');
    await until('nothing is left', () => processesNaming(directory).length === 0, 15_000);
    rmSync(directory, { recursive: true });
  });

  /** A line of the README in a shell. Only its ports are others, and `more` is added. */
  const shell = (line: string, more = '', input?: string) => {
    const [first, second] = ports.gateways;
    const text = line
      .replaceAll('127.0.0.1:7000', `127.0.0.1:${first}`)
      .replaceAll('127.0.0.1:7001', `127.0.0.1:${second}`)
      .replaceAll('127.0.0.1:7080', `127.0.0.1:${ports.api}`);
    const env = {
      TMPDIR: directory,
      WSCLUSTER_API_URL: `http://127.0.0.1:${ports.api}`,
      // Yes to fetching wscat, as a person answers; what was fetched once is not fetched again.
      npm_config_yes: 'true',
      npm_config_prefer_offline: 'true',
    };
    const command = new Command('bash', ['-c', `${text} ${more}`], env, input);
    started.push(command);
    return command;
  };
  const answerOf = async (line: string): Promise<unknown> => {
    const { code, stdout, stderr } = await shell(line).ended;
    if (code !== 0) throw new Error(`${line}: ${code}, ${stderr}`);
    return JSON.parse(stdout) as unknown;
  };

  test('its commands do what the text says', async () => {
    const commands = commandsOfSection('Quick start');
    const next = (beginning: string) => {
      const line = commands.shift() ?? 'nothing more';
      expect(line.startsWith(beginning), `the next command, ${line}, begins with ${beginning}`).toBe(true);
      return line;
    };
    const probes = await portBlock(3);

    // "Then `npm start` runs a controller, two gateways (ports 7000 and 7001) and three nodes"
    const system = shell(
      next('npm start'),
      `-- --state-dir ${directory}/state --api-port ${ports.api} --gateway-ports ${ports.gateways} --probe-ports ${probes}`,
    );
    await until('the system is up', () => system.stdout.includes('wscluster is up'), 60_000);

    // "The first message names the node that alice is connected to, and this node echoes everything that you type."
    const wscat = next('npx wscat -c ws://127.0.0.1:7000/websocket/connect/alice');
    const connectAlice = async () => {
      const alice = shell(wscat, '', '');
      await until('alice is greeted', () => alice.stdout.includes('\n'), 60_000);
      alice.child.stdin?.write('good day to you\n');
      await until('what she typed came back', () => alice.stdout.includes('good day to you'));
      const { node } = JSON.parse(alice.stdout.split('\n')[0] ?? '') as { node: string };
      return { node, alice };
    };
    let { node, alice } = await connectAlice();

    const ownerLine = next("curl 'http://127.0.0.1:7080/api/v1/owner?key=alice'");
    expect(await answerOf(ownerLine)).toMatchObject({ key: 'alice', nodeId: node });
    const added = (await answerOf(next('curl -X POST http://127.0.0.1:7080/api/v1/nodes'))) as { id: string };
    const nodesLine = next('curl http://127.0.0.1:7080/api/v1/nodes');
    await until(
      'the added node is ready and has its share',
      async () => {
        const { nodes } = (await answerOf(nodesLine)) as { nodes: NodeView[] };
        return nodes.length === 4 && nodes.every(({ state, share }) => state === 'ready' && share > 0.2);
      },
      60_000,
    );

    // "If the new node takes over alice's key, the gateway closes her connection ... Otherwise her connection stays as
    // it is."
    const { nodeId } = (await answerOf(ownerLine)) as { nodeId: string };
    expect([node, added.id]).toContain(nodeId);
    if (nodeId === added.id) {
      // Without a terminal wscat does not print the code; it ends when its connection does.
      await alice.ended;
      ({ node, alice } = await connectAlice());
      expect(node).toBe(added.id);
    } else expect(alice.child.exitCode).toBeNull();

    // "The message reaches alice on whichever node she is."
    const sent = await answerOf(next("curl -d hello 'http://127.0.0.1:7001/websocket/send?userId=alice'"));
    expect(sent).toMatchObject({ node: nodeId, sent: 1 });
    await until('it has arrived', () => /\bhello$/m.test(alice.stdout));
    alice.signal('SIGKILL');

    // "It can also tell you how many clients another node would move, before you add one"
    expect((await shell(next('npx wscluster plan add 1')).ended).stdout).toMatch(
      /^[1-9]\d* slots? and \d+ connections? would move/,
    );
    const nodes = await shell(next('npx wscluster nodes')).ended;
    expect(nodes).toMatchObject({ code: 0, stdout: expect.stringContaining(added.id) });

    // "The demo starts its own cluster, and shows hundreds of clients while nodes come and go"
    const demo = await shell(next('npm run demo -- --clients 500'), '--script "add; kill"').ended;
    expect(demo.stdout).toMatch(/^500 clients, 2 changes, .* 0 lost, 0 wrong$/m);
    expect(demo.code).toBe(0);
    expect(commands).toEqual([]);

    // The examples of docs/api.md are for the cluster that `npm start` runs.
    const examples = commandsIn(readFileSync(join(root, 'docs/api.md'), 'utf8'));
    expect(examples.length).toBeGreaterThan(2);
    for (const example of examples) expect(await answerOf(example)).not.toHaveProperty('code');

    // "Press Ctrl-C in the first terminal to stop everything."
    system.signal('SIGINT');
    await system.ended;
    expect(system.stdout).toContain('dev: stopped');
    expect(processesNaming(directory)).toEqual([]);
  }, 300_000);
});

interface Connection {
  send(text: string): number;
  acknowledged(number: number): void;
  close(): void;
}

describe('docs/clients.md', () => {
  test('a client by the recipe for plain WebSocket comes back by itself and loses no message', async () => {
    const text = readFileSync(join(root, 'docs/clients.md'), 'utf8');
    const [, code = ''] = /<!-- example: plain -->\n```js\n(.*?)```/s.exec(text) ?? [];
    const { connect } = (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`)) as {
      connect(urls: readonly string[], onMessage: (data: string) => void): Connection;
    };
    const system = await System.start({ nodes: 2, gateways: 2 });
    let client: Connection | undefined;
    let timer: NodeJS.Timeout | undefined;
    try {
      const nodes: string[] = [];
      const acknowledged = new Set<number>();
      client = connect(system.clientUrls('alice'), (data) => {
        const message = JSON.parse(data) as { type?: string; node?: string; number?: number };
        if (message.node !== undefined) nodes.push(message.node);
        else if (message.number !== undefined) {
          acknowledged.add(message.number);
          client?.acknowledged(message.number);
        }
      });
      let last = 0;
      timer = setInterval(() => {
        last = client?.send('hello') ?? 0;
      }, 5);
      await until('alice is greeted', () => nodes.length === 1);
      await system.api('DELETE', `/nodes/${nodes[0]}?mode=kill`);
      await until('she is back', () => nodes.length > 1);
      expect(nodes[1]).not.toBe(nodes[0]);
      await system.settled(2);
      // The gateway that she is on dies; the other one takes her. What the controller knows is a report old.
      let holding: boolean[] = [];
      await until('one gateway has her', async () => {
        holding = await Promise.all(
          system.gateways.map(async ({ probes }) => {
            const { text: metrics } = await http('GET', `http://127.0.0.1:${probes}/metrics`);
            return /^wscluster_gateway_connections(\{.*\})? 1$/m.test(metrics);
          }),
        );
        return holding.filter(Boolean).length === 1;
      });
      const greeted = nodes.length;
      await system.gateways[holding.indexOf(true)]?.process.end('SIGKILL');
      await until('she is back through the other gateway', () => nodes.length > greeted);
      clearInterval(timer);
      await until('all is acknowledged', () => acknowledged.size === last);
    } finally {
      clearInterval(timer);
      client?.close();
      await system.stop();
    }
  });
});
