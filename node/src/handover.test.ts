import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { silentLogger } from '@wscluster/service';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import type { HandoverOptions, WsNode, WsNodeOptions } from './api.ts';
import { wsNode } from './ws-node.ts';

const MAX_STATE = 1024 * 1024;

const cleanups: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const eventually = (assert: () => void) => vi.waitFor(assert, { timeout: 30_000 });

interface Application {
  readonly node: WsNode;
  readonly port: number;
  /** The requests of the connections that it got. */
  readonly requests: IncomingMessage[];
  readonly heard: string[];
}

/** An application that greets, notes what it hears, and hands over. */
async function application(
  handover: HandoverOptions<WebSocket> = {},
  options: Partial<WsNodeOptions> = {},
): Promise<Application> {
  const server = createServer();
  const node = wsNode({ server, id: 'n1', ring: false, drainSeconds: 0, hello: () => 'hello', ...options });
  const webSockets = new WebSocketServer({ server, perMessageDeflate: { threshold: 0 } });
  node.handOver(webSockets, handover);
  const requests: IncomingMessage[] = [];
  const heard: string[] = [];
  webSockets.on('connection', (webSocket, request) => {
    requests.push(request);
    node.add(request, webSocket);
    webSocket.on('message', (data) => heard.push(String(data)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => node.drain());
  return { node, requests, heard, port: (server.address() as { port: number }).port };
}

/** A gateway's end of a connection. */
async function gateway(
  port: number,
  headers: Record<string, string> = { 'x-wscluster-migrate': 'offered', 'x-wscluster-token': 'token' },
) {
  let tcp: Socket | undefined;
  const raw: Buffer[] = [];
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat`, {
    headers: { 'x-wscluster-key': 'alice', ...headers },
    createConnection: () => {
      tcp = connect(port, '127.0.0.1');
      return tcp.on('data', (chunk) => raw.push(chunk));
    },
  });
  cleanups.push(() => socket.terminate());
  /** What the node has sent, in order. */
  const sent: string[] = [];
  socket.on('message', (data, isBinary) => sent.push(`${isBinary ? 'binary' : 'text'} ${data}`));
  socket.on('pong', (data) => sent.push(`pong ${data}`));
  socket.on('close', (code) => sent.push(`close ${code}`));
  const upgraded = once(socket, 'upgrade');
  await once(socket, 'open');
  const [{ headers: answered }] = (await upgraded) as [IncomingMessage];
  const atOnce = (write: () => void) => {
    tcp?.cork();
    write();
    tcp?.uncork();
  };
  const bytes = () => Buffer.concat(raw).toString();
  return { socket, sent, bytes, accepted: answered['x-wscluster-migrate'], atOnce };
}

const MOVED = { 'x-wscluster-migrate': 'offered', 'x-wscluster-token': 'token', 'x-wscluster-migrated-from': 'n%2F2' };

describe('a connection that leaves', () => {
  test('is closed behind what the application still says, and its state', async () => {
    let finish: (state: string) => void = () => {};
    const seen: unknown[] = [];
    const { port, requests } = await application({
      state: (webSocket, request) => {
        seen.push(request);
        webSocket.send('last words');
        return new Promise((resolve) => {
          finish = resolve;
        });
      },
    });
    const { socket, sent, bytes, accepted } = await gateway(port);
    expect(accepted).toBe('accepted');
    socket.ping('wscluster:release token');
    await eventually(() => expect(sent).toEqual(['text hello', 'text last words']));
    finish('stäte');
    await eventually(() => expect(sent.slice(2)).toEqual(['pong wscluster:state token', 'binary stäte', 'close 1000']));
    expect(seen).toEqual(requests);
    // Messages are compressed; gateways read the state as it is.
    expect(bytes()).not.toContain('last words');
    expect(bytes()).toContain('stäte');
  });

  test.each([
    ['nothing', undefined, 0],
    ['bytes', Buffer.alloc(MAX_STATE, 7), MAX_STATE],
  ])('hands over %s', async (_what, state, size) => {
    const { port } = await application({ state: () => state });
    const { socket } = await gateway(port);
    let bytes = 0;
    socket.on('message', (data, isBinary) => {
      if (isBinary) bytes += (data as Buffer).length;
    });
    socket.ping('wscluster:release token');
    expect((await once(socket, 'close'))[0]).toBe(1000);
    expect(bytes).toBe(size);
  });

  test.each([
    ['more than 1 MiB', () => Buffer.alloc(MAX_STATE + 1), 'at most 1048576 bytes, not 1048577'],
    ['what is no state', () => 7 as unknown as string, 'a string, bytes or undefined'],
    ['an error', () => Promise.reject(new Error('no database')), 'no database'],
  ])('does not leave with %s: the gateway sees it end without a Close, and the log says why', async (_, state, why) => {
    const lines: unknown[] = [];
    const log = { ...silentLogger, error: (fields: object, text?: string) => void lines.push({ ...fields, text }) };
    const { port } = await application({ state }, { log });
    const { socket, sent } = await gateway(port);
    socket.ping('wscluster:release token');
    await eventually(() => expect(sent).toEqual(['text hello', 'pong wscluster:release token', 'close 1006']));
    expect(lines).toEqual([
      expect.objectContaining({
        ...{ event: 'state-not-handed-over', key: 'alice', action: expect.any(String) },
        text: expect.stringContaining(why),
      }),
    ]);
  });
});

describe('a connection that arrives', () => {
  test('reaches the application once it is its own, with its state and without a greeting, and misses nothing', async () => {
    const { node, port, requests, heard } = await application();
    const { socket, sent, accepted, atOnce } = await gateway(port, MOVED);
    expect(accepted).toBe('accepted');
    socket.ping('anything');
    await eventually(() => expect(sent).toEqual(['pong anything']));
    expect(requests).toEqual([]);
    expect(await node.push('alice', 'too early')).toBe(0);
    atOnce(() => {
      socket.ping('wscluster:state token');
      socket.send(Buffer.from('the state'));
      socket.ping('wscluster:begin token');
      socket.send('first');
      socket.ping('of the client');
    });
    await eventually(() => expect(heard).toEqual(['first']));
    const [request] = requests as [IncomingMessage];
    expect(node.arrivalOf(request)).toEqual({ from: 'n/2', state: Buffer.from('the state'), lost: false });
    expect(await node.push('alice', 'now')).toBe(1);
    await eventually(() => expect(sent).toEqual(['pong anything', 'pong of the client', 'text now']));
  });

  test('may come without a state, from a node that died', async () => {
    const { node, port, requests } = await application();
    const { socket } = await gateway(port, { ...MOVED, 'x-wscluster-state': 'lost' });
    socket.ping('wscluster:begin token');
    await eventually(() => expect(requests).toHaveLength(1));
    expect(node.arrivalOf(requests[0] as IncomingMessage)).toEqual({ from: 'n/2', state: undefined, lost: true });
  });

  test('can leave again', async () => {
    const { port } = await application({ state: () => 'again' });
    const { socket, sent } = await gateway(port, MOVED);
    socket.ping('wscluster:begin token');
    socket.ping('wscluster:release token');
    await eventually(() => expect(sent).toEqual(['pong wscluster:state token', 'binary again', 'close 1000']));
  });

  test.each([
    ['vanishes before that', (socket: WebSocket) => socket.terminate()],
    ['says something before that', (socket: WebSocket) => socket.send('too early')],
    [
      'sends two states',
      (socket: WebSocket) => {
        socket.ping('wscluster:state token');
        for (const state of ['one', 'two']) socket.send(Buffer.from(state));
      },
    ],
  ])('is not the application’s if it %s', async (_what, spoil) => {
    const { node, port, requests } = await application();
    const { socket } = await gateway(port, MOVED);
    expect(node.connections).toBe(1);
    spoil(socket);
    await eventually(() => expect(node.connections).toBe(0));
    expect(requests).toEqual([]);
  });
});

test('a new client is nobody’s arrival, and one whose gateway offers nothing is served as ever', async () => {
  const { node, port, requests, heard } = await application();
  const offered = await gateway(port);
  const plain = await gateway(port, {});
  expect([offered.accepted, plain.accepted]).toEqual(['accepted', undefined]);
  plain.socket.ping('wscluster:release token');
  plain.socket.send('still here');
  await eventually(() => expect(heard).toEqual(['still here']));
  await eventually(() => expect(plain.sent).toEqual(['text hello', 'pong wscluster:release token']));
  expect(requests.map((request) => node.arrivalOf(request))).toEqual([undefined, undefined]);
});

test('wrong arguments are refused by name', async () => {
  const { node } = await application();
  const call = (...args: unknown[]) => (node.handOver as (...args: unknown[]) => void).call(node, ...args);
  const refused = (field: string) => expect.objectContaining({ code: 'CONFIG_INVALID', field });
  expect(() => call(undefined)).toThrow(refused('webSockets'));
  expect(() => call(new WebSocketServer({ noServer: true }), { state: 'x' })).toThrow(refused('state'));
});
