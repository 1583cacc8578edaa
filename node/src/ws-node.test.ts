import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRing, encodeRing, SLOTS, slotOf } from '@wscluster/ring';
import { silentLogger } from '@wscluster/service';
import { openTransport } from '@wscluster/transport';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { WsNode, WsNodeOptions } from './api.ts';
import { compareRevisions, wsNode } from './ws-node.ts';

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const eventually = (assert: () => void) => vi.waitFor(assert, { timeout: 30_000 });

interface Application {
  readonly node: WsNode;
  readonly server: Server;
  readonly address: string;
}

/** An application that answers every request with `application`, and knows what its clients are sent. */
async function application(options: Partial<WsNodeOptions> = {}, listener?: RequestListener): Promise<Application> {
  const server = createServer(listener ?? ((_, response) => response.end('application')));
  const node = wsNode({ server, id: 'n1', ring: false, drainSeconds: 0, log: silentLogger, ...options });
  const webSockets = new WebSocketServer({ server });
  webSockets.on('connection', (webSocket, request) => node.add(request, webSocket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => node.drain());
  return { node, server, address: `127.0.0.1:${(server.address() as { port: number }).port}` };
}

/** A client of a key, as a gateway connects it. */
async function client(address: string, key: string, revision = '1.1') {
  const headers = { forwarded: 'for=10.0.0.1', 'x-wscluster-key': key, 'x-wscluster-revision': revision };
  const socket = new WebSocket(`ws://${address}/chat`, { headers });
  cleanups.push(() => socket.terminate());
  const messages: string[] = [];
  socket.on('message', (data) => messages.push(String(data)));
  socket.on('error', () => {});
  const refused = once(socket, 'unexpected-response').then(([, response]) => response.statusCode as number);
  refused.catch(() => {});
  const opened = once(socket, 'open').then(() => 101);
  opened.catch(() => {});
  return { socket, messages, status: await Promise.race([opened, refused]) };
}

const send = async (address: string, key: string, body: string | Buffer, headers: Record<string, string> = {}) => {
  const all = { 'x-wscluster-key': key, ...headers };
  const answer = await fetch(`http://${address}/send`, {
    method: 'POST',
    body: new Uint8Array(Buffer.from(body)),
    headers: all,
  });
  return { status: answer.status, text: await answer.text() };
};

/** A cluster in a folder: `publish` gives its ring, in which the first node owns all keys but those of the second. */
async function cluster(first: string, second: () => string) {
  const stateDir = mkdtempSync(join(tmpdir(), 'ws-node-'));
  cleanups.push(() => rmSync(stateDir, { recursive: true }));
  const transport = openTransport({ cluster: 'chat', stateDir, log: silentLogger });
  const hub = await transport.openHub({ onUplink: () => {} });
  cleanups.push(() => hub.close());
  const store = transport.openStore();
  const publish = async (version: number, ofSecond: readonly string[]) => {
    const table = new Uint16Array(SLOTS);
    for (const key of ofSecond) table[slotOf(key)] = 1;
    const revision = { epoch: 1, version };
    const member = (ringId: number, nodeId: string, address: string) =>
      ({ ringId, nodeId, address, weight: 1, state: 'ready' }) as const;
    const ring = createRing(revision, [member(0, first, '127.0.0.1:9'), member(1, 'n2', second())], table);
    const message = encodeRing(ring, {
      cluster: 'chat',
      release: { movableUpTo: revision, spreadMs: 0, maxPerSecond: 0 },
      settings: { routes: [{ path: '/chat', key: { query: 'k' } }] },
      vacancies: [],
    });
    await store.save(message);
    await hub.broadcast(message);
  };
  return { ring: { cluster: 'chat', stateDir }, publish };
}

describe('an application whose server is a node', () => {
  test('says whether it is ready, beside everything that it answers itself', async () => {
    let ready: boolean | Error = true;
    const { node, address } = await application({
      drainSeconds: 30,
      lingerSeconds: 0,
      ready: async () => {
        if (ready instanceof Error) throw ready;
        return ready;
      },
    });
    const readiness = async () => {
      const answer = await fetch(`http://${address}/readyz`);
      return [answer.status, await answer.text()];
    };
    expect(await readiness()).toEqual([200, 'ready\n']);
    ready = false;
    expect(await readiness()).toEqual([503, 'not ready\n']);
    ready = new Error('no database');
    expect(await readiness()).toEqual([503, 'not ready\n']);
    expect(await (await fetch(`http://${address}/readyz/x`)).text()).toBe('application');
    expect((await fetch(`http://${address}/readyz`, { method: 'POST' })).status).toBe(200);

    const open = await client(address, 'alice');
    const drained = node.drain();
    expect(node.draining).toBe(true);
    expect(await readiness()).toEqual([503, 'draining\n']);
    open.socket.close();
    await drained;
  });

  test('says its capacity while it is ready, and says none that is wrong', async () => {
    let capacity = 2.5;
    const warned: string[] = [];
    const log = { debug() {}, info() {}, warn: (_: object, text = '') => warned.push(text), error() {} };
    const { address } = await application({ capacity: () => capacity, log });
    const readiness = async () => await (await fetch(`http://${address}/readyz`)).text();
    expect(JSON.parse(await readiness())).toEqual({ state: 'ready', capacity: 2.5 });
    capacity = 0;
    expect([await readiness(), await readiness()]).toEqual(['ready\n', 'ready\n']);
    expect(warned).toEqual(['capacity: must return a number from 0.01 to 1000, not 0']);
    capacity = 3;
    expect(JSON.parse(await readiness())).toMatchObject({ capacity: 3 });
    const fixed = await application({ capacity: 4 });
    expect(await (await fetch(`http://${fixed.address}/readyz`)).json()).toMatchObject({ capacity: 4 });
  });

  test('may have these paths for itself', async () => {
    const { address } = await application({ readinessPath: false, sendPath: false });
    expect(await (await fetch(`http://${address}/readyz`)).text()).toBe('application');
    expect((await send(address, 'alice', 'x')).text).toBe('application');
  });

  test('knows the key and the revision that a gateway routed by', async () => {
    const seen: unknown[] = [];
    const app = await application({}, (request, response) => {
      seen.push([app.node.keyOf(request), app.node.revisionOf(request)]);
      response.end();
    });
    await fetch(`http://${app.address}/`);
    await fetch(`http://${app.address}/`, { headers: { 'x-wscluster-key': 'a%2Fb', 'x-wscluster-revision': '3.14' } });
    expect(seen).toEqual([
      [undefined, undefined],
      ['a/b', { epoch: 3, version: 14 }],
    ]);
    expect(compareRevisions({ epoch: 3, version: 2 }, { epoch: 2, version: 14 })).toBeGreaterThan(0);
  });

  test('greets nobody unless it is asked to', async () => {
    const silent = await application();
    const talking = await application({ hello: true });
    const own = await application({ hello: ({ key, connections }) => `${key} ${connections}` });
    const [a, b, c] = await Promise.all([silent, talking, own].map(({ address }) => client(address, 'alice', '2.9')));
    await eventually(() => expect([b?.messages.length, c?.messages.length]).toEqual([1, 1]));
    expect(JSON.parse(b?.messages[0] ?? '')).toEqual({
      ...{ type: 'hello', node: 'n1', key: 'alice', connections: 1, revision: '2.9' },
    });
    expect(c?.messages).toEqual(['alice 1']);
    expect(await silent.node.push('alice', 'after all')).toBe(1);
    await eventually(() => expect(a?.messages).toEqual(['after all']));
  });
});

test('a WebSocket that is gone before it is made known is not kept', async () => {
  const server = createServer();
  const node = wsNode({ server, ring: false, drainSeconds: 0, log: silentLogger });
  cleanups.push(() => node.drain());
  const webSockets = new WebSocketServer({ server });
  const gone = once(webSockets, 'connection').then(async ([webSocket, request]) => {
    await once(webSocket, 'close');
    node.add(request, webSocket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { socket } = await client(`127.0.0.1:${(server.address() as { port: number }).port}`, 'alice');
  socket.terminate();
  await gone;
  expect([node.connections, node.keys]).toEqual([0, 0]);
});

describe('a message for a key', () => {
  test('is taken from the controller, and from a client only where the application lets it', async () => {
    const app = await application({}, (request, response) => {
      if (request.url === '/say') void app.node.answerPush(request, response, 'alice');
      else response.end('application');
    });
    const { messages } = await client(app.address, 'alice');
    expect(JSON.parse((await send(app.address, 'alice', 'one')).text)).toEqual({ node: 'n1', key: 'alice', sent: 1 });
    expect((await send(app.address, 'alice', 'two', { forwarded: 'for=10.0.0.1' })).text).toBe('application');
    await fetch(`http://${app.address}/say`, { method: 'POST', body: 'three' });
    await eventually(() => expect(messages).toEqual(['one', 'three']));
  });

  test('goes to the node that owns the key, as text or as bytes', async () => {
    const other = await application({ id: 'n2' });
    const system = await cluster('n1', () => other.address);
    await system.publish(1, ['bob']);
    const { node } = await application({ ring: system.ring });
    const { socket, messages } = await client(other.address, 'bob');
    const binary: boolean[] = [];
    socket.on('message', (_, isBinary) => binary.push(isBinary));
    await eventually(() => expect(node.owns('bob')).toBe(false));
    expect(await node.push('bob', 'grüße')).toBe(1);
    expect(await node.push('bob', Buffer.from('raw'))).toBe(1);
    expect(await node.push('alice', 'x')).toBe(0);
    await eventually(() =>
      expect([messages, binary]).toEqual([
        ['grüße', 'raw'],
        [false, true],
      ]),
    );
  });

  test('fails with a code when its owner is gone, knows no such path, or the key is none', async () => {
    const other = await application({ id: 'n2', sendPath: false });
    let address = other.address;
    const system = await cluster('n1', () => address);
    await system.publish(1, ['bob']);
    const { node } = await application({ ring: system.ring });
    await eventually(() => expect(node.owns('bob')).toBe(false));
    await expect(node.push('bob', 'x')).rejects.toMatchObject({ code: 'OWNER_PROTOCOL' });
    address = '127.0.0.1:1';
    await system.publish(2, ['bob', 'carol']);
    await eventually(() => expect(node.owns('carol')).toBe(false));
    await expect(node.push('bob', 'x')).rejects.toMatchObject({ code: 'OWNER_UNREACHABLE' });
    await expect(node.push('', 'x')).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });
});

describe('a node that follows the ring', () => {
  test('refuses what a gateway sends by an old ring and can send again, and leaves the rest to the application', async () => {
    const system = await cluster('n1', () => '127.0.0.1:9');
    await system.publish(7, ['bob']);
    const { node, address } = await application({ ring: system.ring });
    await eventually(() => expect(node.owns('bob')).toBe(false));
    expect((await client(address, 'bob', '1.6')).status).toBe(421);
    expect((await client(address, 'bob', '1.7')).status).toBe(101);
    expect((await client(address, 'alice', '1.6')).status).toBe(101);
    const headers = { 'x-wscluster-key': 'bob', 'x-wscluster-revision': '1.6' };
    const got = await fetch(`http://${address}/`, { headers });
    expect([got.status, await got.json()]).toEqual([421, expect.objectContaining({ code: 'REVISION_STALE' })]);
    expect((await fetch(`http://${address}/`, { method: 'POST', body: 'x', headers })).status).toBe(200);
    expect((await send(address, 'bob', 'x', headers)).status).toBe(200);
  });

  test('tells the application once of each key with clients that it loses, and again if it loses it again', async () => {
    const system = await cluster('n1', () => '127.0.0.1:9');
    await system.publish(1, []);
    const { node, address } = await application({ ring: system.ring });
    const lost: string[] = [];
    node.on('lost', (key) => lost.push(key));
    await Promise.all([client(address, 'bob'), client(address, 'bob'), client(address, 'alice')]);
    await system.publish(2, ['bob', 'carol']);
    await eventually(() => expect(lost).toEqual(['bob']));
    await system.publish(3, ['bob', 'carol', 'dave']);
    await eventually(() => expect(node.owns('dave')).toBe(false));
    await system.publish(4, []);
    await eventually(() => expect(node.owns('bob')).toBe(true));
    expect(lost).toEqual(['bob']);
    await system.publish(5, ['bob']);
    await eventually(() => expect(lost).toEqual(['bob', 'bob']));
  });

  test('believes a gateway that knows a newer ring', async () => {
    const system = await cluster('n1', () => '127.0.0.1:9');
    const { node, address } = await application({ ring: system.ring });
    const lost: string[] = [];
    node.on('lost', (key) => lost.push(key));
    await client(address, 'bob', '1.5');
    await system.publish(4, ['bob']);
    await eventually(() => expect(node.owns('bob')).toBe(false));
    await system.publish(6, ['bob']);
    await eventually(() => expect(lost).toEqual(['bob']));
  });
});

describe('draining', () => {
  test('waits for WebSockets that the application has not made known, and for answers that go on', async () => {
    const server = createServer((_, response) => response.write('first'));
    const node = wsNode({ server, ring: false, drainSeconds: 30, lingerSeconds: 0, log: silentLogger });
    new WebSocketServer({ server });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = `127.0.0.1:${(server.address() as { port: number }).port}`;
    const { socket } = await client(address, 'alice');
    const stream = new AbortController();
    await fetch(`http://${address}/events`, { signal: stream.signal });
    let drained = false;
    const done = node.drain().then(() => {
      drained = true;
    });
    expect(node.drain()).toBe(node.drain());
    socket.close();
    await eventually(() => expect(node.connections).toBe(0));
    expect(drained).toBe(false);
    stream.abort();
    await done;
    expect(server.listening).toBe(false);
  });

  test('closes with 1001 the WebSockets that are left', async () => {
    const { node, address } = await application();
    const { socket } = await client(address, 'alice');
    const closed = once(socket, 'close');
    await node.drain();
    expect((await closed)[0]).toBe(1001);
  });
});

test.each([
  [{ server: {} }, 'server'],
  [{ ring: { cluster: 'chat' } }, 'ring'],
  [{ ring: { cluster: 'chat', redisUrl: 'redis://x' } }, 'ring'],
  [{ readinessPath: 'ready' }, 'readinessPath'],
  [{ sendPath: '/send?x' }, 'sendPath'],
  [{ drainSeconds: -1 }, 'drainSeconds'],
  [{ lingerSeconds: Number.NaN }, 'lingerSeconds'],
])('options %j are refused by name', (wrong, field) => {
  const options = { server: createServer(), ...wrong } as WsNodeOptions;
  expect(() => wsNode(options)).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', field }));
});
