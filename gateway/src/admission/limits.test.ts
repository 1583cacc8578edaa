import { connect } from 'node:net';
import { type GatewayLimits, gatewayLimitsSchema, slotOf } from '@wscluster/ring';
import { afterEach, describe, expect, it } from 'vitest';
import type { Limits } from '../limits.ts';
import { connectClient } from '../testing/client.ts';
import { type EchoNode, startEchoNode } from '../testing/echo-node.ts';
import { eventually } from '../testing/eventually.ts';
import { type GatewayUnderTest, startTestGateway } from '../testing/gateway-under-test.ts';
import {
  accept,
  frame,
  type RawSocket,
  rawRequest,
  rawUpgrade,
  startRawNode,
  watchSocket,
} from '../testing/raw-socket.ts';
import { releaseUpTo, revision, ringMessage, ringOf, SETTINGS, type TestNode } from '../testing/rings.ts';

const stops: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

function ringWith(nodes: readonly TestNode[], limits: Partial<GatewayLimits>, version = 1) {
  const settings = { ...SETTINGS, limits: gatewayLimitsSchema.parse(limits) };
  return ringMessage(ringOf(revision(version), nodes), releaseUpTo(revision(version)), settings);
}

/** A gateway of a cluster with these limits. Ends with nothing left open. */
async function gatewayWith(
  node: TestNode & { stop(): Promise<void> },
  limits: Partial<GatewayLimits>,
  own: Partial<Limits> = {},
): Promise<GatewayUnderTest> {
  const test = await startTestGateway(ringWith([node], limits), { limits: { sweepMs: 50, ...own } });
  stops.push(async () => {
    await test.gateway.stop();
    expect(test.gateway.sockets).toBe(0);
    await node.stop();
  });
  return test;
}

async function echo(): Promise<EchoNode> {
  return startEchoNode('a');
}

async function refused(
  client: ReturnType<typeof rawUpgrade>,
): Promise<{ status: number; code: string; field: string }> {
  await eventually('the whole answer', () => client.ended);
  client.socket.destroy();
  const [head = '', body = ''] = client.text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), ...JSON.parse(body) };
}

async function refusals(test: GatewayUnderTest, limit: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${test.gateway.probePort}/metrics`)).text();
  return Number(new RegExp(`^wscluster_gateway_refused_total\\{limit="${limit}"\\} (\\d+)$`, 'm').exec(text)?.[1] ?? 0);
}

describe('the limits of a cluster refuse', () => {
  it('upgrades beyond maxHandshakesPerSecond with 503 and Retry-After, and connections that are open do not notice', async () => {
    const test = await gatewayWith(await echo(), { maxHandshakesPerSecond: 2 });
    const { port } = test.gateway;
    const clients = await Promise.all([connectClient(port, 'a'), connectClient(port, 'b')]);
    // So many that no pause of the machine admits them all.
    const more = Array.from({ length: 20 }, () => rawUpgrade(port, '/connect/c'));
    await eventually('one is refused', () => more.some(({ ended }) => ended));
    const third = more.find(({ ended }) => ended) as RawSocket;
    expect(await refused(third)).toMatchObject({ status: 503, code: 'LIMIT_REACHED', field: 'maxHandshakesPerSecond' });
    expect(third.text.toLowerCase()).toContain('retry-after: 1');
    for (const { socket } of more) socket.destroy();
    for (const { socket } of clients) socket.send('still here');
    await eventually('the echoes', () => clients.every(({ messages }) => messages.length === 1));
    let next = rawUpgrade(port, '/connect/c');
    await eventually('one more is admitted', () => {
      if (next.text.startsWith('HTTP/1.1 101')) return true;
      if (next.text.length > 0) {
        next.socket.destroy();
        next = rawUpgrade(port, '/connect/c');
      }
      return false;
    });
    next.socket.destroy();
    for (const { socket } of clients) socket.terminate();
  });

  it.each(['maxRequests', 'maxRequestsPerNode'] as const)(
    'plain requests beyond %s with 503 and Retry-After, until one has ended',
    async (limit) => {
      const asked: RawSocket[] = [];
      const node = await startRawNode('a', (peer) => asked.push(peer));
      const test = await gatewayWith(node, { [limit]: 1 });
      const ask = () =>
        rawRequest(test.gateway.port, ['GET /send?userId=ada HTTP/1.1', 'Host: x', 'Connection: close']);
      const first = ask();
      await eventually('the node is asked', () => asked.length === 1);
      const second = ask();
      expect(await refused(second)).toMatchObject({ status: 503, code: 'LIMIT_REACHED', field: limit });
      expect(second.text.toLowerCase()).toContain('retry-after: ');
      expect(await refusals(test, limit)).toBe(1);
      const done = 'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n';
      asked[0]?.socket.end(done);
      await eventually('the first one is answered', () => first.ended);
      const third = ask();
      await eventually('the node is asked again', () => asked.length === 2);
      asked[1]?.socket.end(done);
      await eventually('it is answered', () => third.text.startsWith('HTTP/1.1 204'));
    },
  );

  it('connections beyond maxConnections with 503, until one is gone', async () => {
    const test = await gatewayWith(await echo(), { maxConnections: 2 });
    const { port } = test.gateway;
    const [first, second] = await Promise.all([connectClient(port, 'a'), connectClient(port, 'b')]);
    expect(await refused(rawUpgrade(port, '/connect/c'))).toMatchObject({
      status: 503,
      code: 'LIMIT_REACHED',
      field: 'maxConnections',
    });
    expect(await refusals(test, 'maxConnections')).toBe(1);
    first.socket.terminate();
    await eventually('room', () => test.gateway.connections === 1);
    const third = await connectClient(port, 'c');
    for (const { socket } of [second, third]) socket.terminate();
  });

  it('connections of a key beyond maxConnectionsPerKey with 429, and no other key', async () => {
    const test = await gatewayWith(await echo(), { maxConnectionsPerKey: 2 });
    const { port } = test.gateway;
    const clients = await Promise.all(['ada', 'ada', 'bob'].map((key) => connectClient(port, key)));
    expect(await refused(rawUpgrade(port, '/connect/ada'))).toMatchObject({
      status: 429,
      code: 'LIMIT_REACHED',
      field: 'maxConnectionsPerKey',
    });
    expect(await refusals(test, 'maxConnectionsPerKey')).toBe(1);
    clients.push(await connectClient(port, 'bob'));
    for (const { socket } of clients) socket.terminate();
  });

  it('event streams like WebSockets: beyond maxConnectionsPerKey with 429, beyond maxConnections with 503', async () => {
    const head = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n';
    const node = await startRawNode('a', ({ socket }) => socket.write(head));
    const test = await gatewayWith(node, { maxConnections: 2, maxConnectionsPerKey: 1 });
    const ask = (key: string) =>
      rawRequest(test.gateway.port, [`GET /send?userId=${key} HTTP/1.1`, 'Host: x', 'Connection: close']);
    const opened = async (key: string) => {
      const client = ask(key);
      await eventually('the stream is open', () => client.text.includes('text/event-stream'));
      return client;
    };
    const first = await opened('ada');
    const expected = { code: 'LIMIT_REACHED', status: 429, field: 'maxConnectionsPerKey' };
    expect(await refused(ask('ada'))).toMatchObject(expected);
    expect(await refused(rawUpgrade(test.gateway.port, '/connect/ada'))).toMatchObject(expected);
    const second = await opened('bob');
    expect(await refused(ask('cleo'))).toMatchObject({ ...expected, status: 503, field: 'maxConnections' });
    expect([await refusals(test, 'maxConnectionsPerKey'), await refusals(test, 'maxConnections')]).toEqual([2, 1]);
    first.socket.destroy();
    await eventually('room', () => test.gateway.connections === 1);
    const third = await opened('cleo');
    for (const { socket } of [second, third]) socket.destroy();
  });

  it('keys for themselves, also those that share a slot', async () => {
    const keys = sharedSlot();
    const test = await gatewayWith(await echo(), { maxConnectionsPerKey: 1 });
    const clients = await Promise.all(keys.map((key) => connectClient(test.gateway.port, key)));
    expect(clients).toHaveLength(2);
    for (const { socket } of clients) socket.terminate();
  });

  it.each([
    ['a small excess', 2_000],
    ['more than the parser takes', 200_000],
  ])('headers longer than maxHeaderBytes with 431: %s', async (_title, bytes) => {
    const test = await gatewayWith(await echo(), { maxHeaderBytes: 1_024 });
    const { port } = test.gateway;
    const long = `X-Long: ${'x'.repeat(bytes)}`;
    const expected = { status: 431, code: 'LIMIT_REACHED', field: 'maxHeaderBytes' };
    expect(await refused(rawUpgrade(port, '/connect/ada', [long]))).toMatchObject(expected);
    const plain = rawRequest(port, ['GET /send?userId=ada HTTP/1.1', 'Host: x', 'Connection: close', long]);
    expect(await refused(plain)).toMatchObject(expected);
    expect(await refusals(test, 'maxHeaderBytes')).toBe(2);
  });

  it('a path longer than maxPathBytes with 414', async () => {
    const test = await gatewayWith(await echo(), { maxPathBytes: 100 });
    const { port } = test.gateway;
    const path = `/connect/ada?x=${'x'.repeat(100)}`;
    expect(await refused(rawUpgrade(port, path))).toMatchObject({ status: 414, code: 'LIMIT_REACHED' });
    expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(414);
    expect(await refusals(test, 'maxPathBytes')).toBe(2);
  });

  it.each([
    ['never begins', ''],
    ['never ends', 'GET /connect/ada HTTP/1.1\r\nHost: x\r\n'],
  ])('a handshake that %s with 408 after handshakeSeconds', async (_title, head) => {
    const test = await gatewayWith(await echo(), { handshakeSeconds: 1 });
    const client = watchSocket(connect({ port: test.gateway.port, host: '127.0.0.1', allowHalfOpen: true }));
    if (head !== '') client.socket.write(head);
    expect(await refused(client)).toMatchObject({ status: 408, code: 'LIMIT_REACHED', field: 'handshakeSeconds' });
    expect(await refusals(test, 'handshakeSeconds')).toBe(1);
  });

  it('a node that does not answer an upgrade within ownerSeconds with 504', async () => {
    const test = await gatewayWith(await startRawNode('a'), { ownerSeconds: 0.2 });
    expect(await refused(rawUpgrade(test.gateway.port, '/connect/ada'))).toMatchObject({
      status: 504,
      code: 'OWNER_TIMEOUT',
    });
  });

  it('by what came with the last ring', async () => {
    const node = await echo();
    const test = await gatewayWith(node, { maxPathBytes: 100 });
    const url = `http://127.0.0.1:${test.gateway.port}/send?userId=ada&x=${'x'.repeat(100)}`;
    expect((await fetch(url)).status).toBe(414);
    test.broadcast(ringWith([node], {}, 2));
    expect((await fetch(url)).status).toBe(200);
  });
});

it('what is no HTTP gets 400, and what follows it is dropped', async () => {
  const test = await gatewayWith(await echo(), {});
  const client = rawRequest(test.gateway.port, ['\x16\x03\x01 hello']);
  client.socket.write('more\r\n\r\nand more');
  expect(await refused(client)).toMatchObject({ status: 400, code: 'REQUEST_INVALID', field: 'request' });
});

describe('an open connection', () => {
  it('is closed with 1001 when nothing moved for idleSeconds, and not while anything does', async () => {
    const test = await gatewayWith(await echo(), { idleSeconds: 0.3 });
    const [idle, busy] = await Promise.all([
      connectClient(test.gateway.port, 'idle'),
      connectClient(test.gateway.port, 'busy'),
    ]);
    const talk = setInterval(() => busy.socket.send('x'), 50);
    await eventually('the idle one is closed', () => idle.closed !== undefined);
    clearInterval(talk);
    expect(idle.closed).toEqual({ code: 1001, reason: 'idle' });
    expect(busy.closed).toBeUndefined();
    expect(await refusals(test, 'idleSeconds')).toBe(1);
    busy.socket.terminate();
  });

  it('is told to come back once it is as old as maxConnectionSeconds allows, with the close code of a move', async () => {
    const test = await gatewayWith(await echo(), { maxConnectionSeconds: 0.5 });
    const clients = await Promise.all(['a', 'b', 'c', 'd'].map((key) => connectClient(test.gateway.port, key)));
    await eventually('all are told', () => clients.every(({ closed }) => closed !== undefined));
    for (const { closed } of clients) expect(closed).toEqual({ code: 1012, reason: 'maximum age' });
    expect(await refusals(test, 'maxConnectionSeconds')).toBe(4);
  });

  it('is pinged between two frames when the client is silent, and its Pong is passed on', async () => {
    const node = await startRawNode('a', (peer) => accept(peer));
    const test = await gatewayWith(node, { pingSeconds: 0.1 });
    const client = await connectClient(test.gateway.port);
    let pings = 0;
    client.socket.on('ping', () => pings++);
    const peer = node.sockets[0];
    // Half a frame: no Ping may come in between. Its bytes are none of the client's.
    const whole = frame(1, 'hello');
    peer?.socket.write(whole.subarray(0, 4));
    const other = await connectClient(test.gateway.port, 'other');
    // By now the gateway has read that half.
    pings = 0;
    let otherPings = 0;
    other.socket.on('ping', () => otherPings++);
    await eventually('Pings to another client', () => otherPings >= 3);
    expect(pings).toBe(0);
    other.socket.terminate();
    peer?.socket.write(whole.subarray(4));
    await eventually('several Pings', () => pings >= 4);
    expect(client.messages).toEqual(['hello']);
    expect(client.closed).toBeUndefined();
    await eventually('Pongs at the node', () => (peer?.received.filter((byte) => byte === 0x8a).length ?? 0) > 0);
    client.socket.terminate();
  });

  it('is cut off after two Pings without an answer, and the node learns of it', async () => {
    const node = await echo();
    const test = await gatewayWith(node, { pingSeconds: 0.1 });
    const dead = rawUpgrade(test.gateway.port, '/connect/ada');
    await eventually('it is cut off', () => dead.ended || dead.closed);
    const { received } = dead;
    expect(received.subarray(received.indexOf('\r\n\r\n') + 4)).toEqual(Buffer.from([0x89, 0, 0x89, 0]));
    await eventually('the node is rid of it', () => node.openSockets.size === 0);
    expect(await refusals(test, 'pingSeconds')).toBe(1);
    dead.socket.destroy();
  });

  it('is cut off when the client takes nothing for stallSeconds while a node floods it', async () => {
    const node = await echo();
    const test = await gatewayWith(node, { stallSeconds: 0.3 });
    const { port } = test.gateway;
    const [reader, blind] = await Promise.all([connectClient(port, 'reader'), connectClient(port, 'blind')]);
    blind.socket.pause();
    for (const visit of node.visits) for (let i = 0; i < 24; i++) visit.socket.send(Buffer.alloc(1 << 20));
    await eventually('one of them is cut off', () => test.gateway.connections === 1);
    await eventually('the other has everything', () => reader.messages.length === 24);
    expect(reader.closed).toBeUndefined();
    expect(await refusals(test, 'stallSeconds')).toBe(1);
    for (const { socket } of [reader, blind]) socket.terminate();
  });
});

describe('bytes that wait for readers', () => {
  it('beyond maxHeldBytes end the connections that hold the most, and no other; until the next look, new ones get 503', async () => {
    const node = await echo();
    const test = await gatewayWith(node, { maxHeldBytes: 200_000 }, { sweepMs: 4_000 });
    const { port } = test.gateway;
    const reader = await connectClient(port, 'reader');
    const blind = await Promise.all(Array.from({ length: 8 }, (_, n) => connectClient(port, `blind-${n}`)));
    for (const { socket } of blind) socket.pause();
    for (const visit of node.visits) for (let i = 0; i < 24; i++) visit.socket.send(Buffer.alloc(1 << 20));
    await eventually('those that read nothing are cut until the rest is below', () => test.gateway.connections <= 4);
    const late = rawUpgrade(port, '/connect/late');
    await eventually('it is refused', () => late.ended);
    expect(await refused(late)).toMatchObject({ status: 503, code: 'LIMIT_REACHED', field: 'maxHeldBytes' });
    expect(late.text.toLowerCase()).toContain('retry-after: 1');
    await eventually('the reader has everything', () => reader.messages.length === 24);
    expect(reader.closed).toBeUndefined();
    const ended = async () => (await refusals(test, 'maxHeldBytes')) + test.gateway.connections;
    await expect.poll(ended, { timeout: 30_000 }).toBe(10);
    for (const { socket } of blind) socket.terminate();
    const admitted = async () => {
      const again = rawUpgrade(port, '/connect/again');
      await eventually('it is answered', () => again.text.length > 0);
      again.socket.destroy();
      return again.text.startsWith('HTTP/1.1 101');
    };
    await expect.poll(admitted, { timeout: 30_000 }).toBe(true);
    reader.socket.terminate();
  });
});

/** Two keys of one slot. */
function sharedSlot(): string[] {
  const bySlot = new Map<number, string>();
  for (let i = 0; ; i++) {
    const key = `key-${i}`;
    const other = bySlot.get(slotOf(key));
    if (other !== undefined) return [other, key];
    bySlot.set(slotOf(key), key);
  }
}
