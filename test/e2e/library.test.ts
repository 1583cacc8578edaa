import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { freePorts } from '@wscluster/testbed/ports';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { expectCountsToGoOn } from './support/counted-clients.ts';
import { CHAT, expectNodeToDrain } from './support/drained-node.ts';
import { http } from './support/http.ts';
import { ReturningClient } from './support/returning-client.ts';
import { root } from './support/run.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

// The library as its users have it: the packed tarball, installed by npm in an empty project, on the oldest Node.

const FRAMEWORKS = ['express@5.3.0', 'fastify@5.12.8', '@fastify/websocket@11.3.7', 'ws@8.23.0'];
const TYPES = ['@types/node@20.19.43', '@types/ws@8.18.2'];
const OLDEST_NODE = `node-${process.platform}-${process.arch}@20.0.0`;

let project: string;
let system: System | undefined;
let installedAlone: string[];

const run = promisify(execFile);
const oldestNode = () => join(project, 'node_modules', OLDEST_NODE.replace(/@.*/, ''), 'bin', 'node');
const install = (...packages: string[]) =>
  run('npm', ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error', ...packages], {
    cwd: project,
  });

beforeAll(async () => {
  project = mkdtempSync(join(tmpdir(), 'wsc-library-'));
  const dist = join(project, 'dist');
  await run(process.execPath, ['scripts/packages.mjs', dist, '@wscluster/node'], { cwd: root });
  writeFileSync(join(project, 'package.json'), '{ "private": true }');
  const [tarball = ''] = readdirSync(dist).filter((name) => name.endsWith('.tgz'));
  await install(join(dist, tarball));
  installedAlone = readdirSync(join(project, 'node_modules')).filter((name) => !name.startsWith('.'));
  await install(...FRAMEWORKS, ...TYPES, OLDEST_NODE);
  const readme = readFileSync(join(project, 'node_modules', '@wscluster', 'node', 'README.md'), 'utf8');
  for (const [, file = '', code = ''] of readme.matchAll(/```js\n\/\/ (\S+)\n(.*?)```/gs))
    writeFileSync(join(project, file), code);
}, 300_000);

afterEach(async () => {
  await system?.stop();
  system = undefined;
});

afterAll(() => rmSync(project, { recursive: true }));

/** A cluster of two nodes that run a program of the project. */
async function start(program: string, rebalance = {}): Promise<System> {
  const routes = [CHAT, { path: '/tell/{user}', key: { param: 'user' } }];
  system = await System.start({
    ...{ nodes: 2, gateways: 2, routes, rebalance, command: [oldestNode(), program] },
    nodeSettings: { workingDirectory: project },
  });
  return system;
}

test('it brings one other package, and those who need no brokers need no clients of theirs', () => {
  expect(installedAlone.sort()).toEqual(['@wscluster', 'zod']);
  expect(readdirSync(join(project, 'node_modules', '@wscluster'))).toEqual(['node']);
});

describe('the examples of its README', () => {
  test.each(['http.mjs', 'express.mjs', 'fastify.mjs'])(
    '%s serves by key, and drains without losing a client',
    async (program) => {
      const cluster = await start(program);
      const url = cluster.gatewayUrl(0, '/chat/alice').replace('http', 'ws');
      const alice = new ReturningClient('alice', [url]);
      try {
        await alice.ask('here');
        const body = JSON.stringify({ key: 'alice', message: 'ding' });
        const sent = await cluster.api('POST', '/messages', body, { 'content-type': 'application/json' });
        expect(JSON.parse(sent.text)).toMatchObject({ connections: 1 });
        await until('the message is there', () => alice.messages.includes('ding'));
      } finally {
        alice.stop();
      }
      await expectNodeToDrain(cluster);
      const output = () => JSON.stringify(cluster.controller.lines);
      await until('the application was told what it lost', () => output().includes('lost user-'));
      await cluster.settled(2);
    },
  );

  test('counting.mjs hands its connections over with their state', async () => {
    await expectCountsToGoOn(await start('counting.mjs', { mode: 'migrate' }));
  });

  test('a message reaches a key from any node', async () => {
    const cluster = await start('express.mjs');
    const alice = new ReturningClient('alice', [cluster.gatewayUrl(1, '/chat/alice').replace('http', 'ws')]);
    try {
      const { node } = await alice.ask('here');
      const plain = { 'content-type': 'text/plain' };
      for (const { id, address } of await cluster.nodes()) {
        const sent = await http('POST', `http://${address}/tell/alice`, `from ${id}`, plain);
        expect([sent.status, sent.text]).toEqual([200, '{"sent":1}']);
      }
      const other = (await cluster.nodes()).find(({ id }) => id !== node);
      await until(
        'both have arrived',
        () => alice.messages.includes(`from ${node}`) && alice.messages.includes(`from ${other?.id}`),
      );
    } finally {
      alice.stop();
    }
  });
});

test('without the clients of brokers it says how to install them, and serves', async () => {
  const [port = 0] = await freePorts(1);
  const env = {
    ...{ PORT: String(port), WSCLUSTER_CLUSTER: 'chat' },
    ...{ WSCLUSTER_RABBITMQ_URL: 'amqp://127.0.0.1:1', WSCLUSTER_REDIS_URL: 'redis://127.0.0.1:1' },
  };
  const node = spawn(oldestNode(), ['http.mjs'], { cwd: project, env, stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(node, 'exit');
  const said = text(node.stderr);
  const answer = () => http('GET', `http://127.0.0.1:${port}/readyz`).catch(() => undefined);
  await until('it is ready', async () => (await answer())?.status === 200);
  node.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  expect(await said).toContain('npm install amqplib@2 ioredis@6');
});

test('its types stand for themselves', async () => {
  writeFileSync(
    join(project, 'application.mts'),
    `import { createServer } from 'node:http';
import { compareRevisions, type Revision, type WsNode, wsNode } from '@wscluster/node';
import Fastify from 'fastify';
import { WebSocketServer } from 'ws';

const server = createServer();
const node: WsNode = wsNode({ server, ring: false, hello: ({ key }) => key, ready: async () => true });
node.on('lost', (key) => console.log(key.length));
server.on('request', async (request, response) => {
  const revision: Revision | undefined = node.revisionOf(request);
  if (revision !== undefined && compareRevisions(revision, { epoch: 1, version: 2 }) < 0) return;
  const sent: number = await node.push(node.keyOf(request) ?? 'nobody', new Uint8Array([1]));
  response.end(String(sent));
});
const webSockets = new WebSocketServer({ server });
node.handOver(webSockets, { state: async (socket, request) => socket.protocol + node.arrivalOf(request)?.from });
node.handOver(new WebSocketServer({ noServer: true }));
const app = Fastify();
wsNode({ server: app.server, log: app.log });
// @ts-expect-error: a server is needed
wsNode({});
// @ts-expect-error: a state is a string or bytes
node.handOver(webSockets, { state: () => 7 });
`,
  );
  const options = { target: 'es2022', module: 'nodenext', strict: true, noEmit: true, types: ['node'] };
  const config = { compilerOptions: options, files: ['application.mts'] };
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { stdout } = await run(process.execPath, [tsc, '-p', project]).catch((error: { stdout: string }) => error);
  expect(stdout).toBe('');
});
