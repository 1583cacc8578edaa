import { once } from 'node:events';
import { afterEach, expect, test, vi } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Connections } from './connections.ts';

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A registry that real clients join by connecting to `/<key>`. */
async function registry(connections = new Connections()) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  server.on('connection', (socket, req) => connections.attach(req.socket, socket, { key: (req.url ?? '/').slice(1) }));
  await once(server, 'listening');
  cleanups.push(() => new Promise((resolve) => server.close(() => resolve())));
  const { port } = server.address() as { port: number };
  const connect = async (key: string) => {
    const client = new WebSocket(`ws://127.0.0.1:${port}/${key}`);
    cleanups.push(async () => client.terminate());
    const messages: { text: string; isBinary: boolean }[] = [];
    client.on('message', (data, isBinary) => messages.push({ text: String(data), isBinary }));
    await once(client, 'open');
    return { client, messages };
  };
  return { connections, connect };
}

const never = new AbortController().signal;

test('connections and keys are counted, and forgotten when they close', async () => {
  const { connections, connect } = await registry();
  const a1 = await connect('a');
  const a2 = await connect('a');
  await connect('b');
  await connections.when(({ size }) => size === 3, never);
  expect(connections.keys).toBe(2);

  a1.client.close();
  await connections.when(({ size }) => size === 2, never);
  expect(connections.has('a')).toBe(true);
  a2.client.terminate();
  await connections.when(({ size }) => size === 1, never);
  expect(connections.has('a')).toBe(false);
  expect(connections.keys).toBe(1);
});

test('a send reaches every connection of its key, text as text and bytes as binary, and no other key', async () => {
  const { connections, connect } = await registry();
  const [a1, a2, b] = await Promise.all([connect('a'), connect('a'), connect('b')]);
  await connections.when(({ size }) => size === 3, never);

  expect(connections.send('a', 'grüße')).toBe(2);
  expect(connections.send('a', Buffer.from('raw'))).toBe(2);
  expect(connections.send('nobody', 'x')).toBe(0);
  const both = [
    { text: 'grüße', isBinary: false },
    { text: 'raw', isBinary: true },
  ];
  await vi.waitFor(() => expect([a1.messages, a2.messages]).toEqual([both, both]), 30_000);
  expect(b.messages).toEqual([]);
});

test('a wait ends when its client arrives, and with false when it is given up', async () => {
  const { connections, connect } = await registry();
  const arrival = connections.when((now) => now.has('late'), never);
  await connect('late');
  expect(await arrival).toBe(true);

  const giveUp = new AbortController();
  const vain = connections.when((now) => now.has('nobody'), giveUp.signal);
  giveUp.abort();
  expect(await vain).toBe(false);
});

test('closing all ends the polite by handshake and cuts the deaf at the deadline', async () => {
  const { connections, connect } = await registry();
  const polite = await connect('polite');
  const deaf = await connect('deaf');
  await connections.when(({ size }) => size === 2, never);
  deaf.client.pause(); // reads nothing more, so it never sees the Close
  const closed = once(polite.client, 'close');

  const before = performance.now();
  await connections.closeAll(1001, 'bye', 200);
  expect(performance.now() - before).toBeGreaterThanOrEqual(190);
  expect(await closed).toEqual([1001, Buffer.from('bye')]);
  await connections.when(({ size }) => size === 0, never);
});

test('a client that never reads is cut when too much waits for it', async () => {
  const { connections, connect } = await registry(new Connections({ maxBufferedBytes: 100_000 }));
  const { client } = await connect('slow');
  await connections.when(({ size }) => size === 1, never);
  client.pause();
  const chunk = Buffer.alloc(1024 * 1024);
  let sends = 0;
  while (connections.send('slow', chunk) === 1 && sends < 1_000) sends++;
  await connections.when(({ size }) => size === 0, AbortSignal.timeout(30_000));
  expect(connections.size).toBe(0);
  expect(sends).toBeLessThan(1_000);
});
