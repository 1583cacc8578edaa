import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type OptionValues, readOptions, silentLogger } from '@wscluster/service';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startNode } from './app.ts';
import { nodeOptions } from './config.ts';

const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function node(...flags: string[]) {
  const argv = ['--id', 'n1', '--listen', '127.0.0.1:0', '--linger-seconds', '0', '--drain-seconds', '0', ...flags];
  const options = readOptions('node', nodeOptions, argv, {}) as OptionValues<typeof nodeOptions>;
  const running = await startNode(options, silentLogger);
  let stopped: Promise<void> | undefined;
  const stop = () => {
    stopped ??= running.stop();
    return stopped;
  };
  cleanups.push(stop);
  return { ...running, stop, http: `http://${running.address}` };
}

/** A client whose first message, the hello, has arrived. */
async function client(address: string, path = '/websocket/connect/alice', headers: Record<string, string> = {}) {
  const socket = new WebSocket(`ws://${address}${path}`, { headers });
  cleanups.push(async () => socket.terminate());
  const messages: { data: Buffer; isBinary: boolean }[] = [];
  socket.on('message', (data, isBinary) => messages.push({ data: data as Buffer, isBinary }));
  const closed = once(socket, 'close').then(([code]) => code as number);
  await vi.waitFor(() => expect(messages).not.toHaveLength(0), { timeout: 30_000, interval: 5 });
  const hello = JSON.parse(String(messages.shift()?.data)) as Record<string, unknown>;
  return { socket, hello, messages, closed };
}

const post = (url: string, body: string | Buffer, headers: Record<string, string> = {}) =>
  fetch(url, { method: 'POST', body: new Uint8Array(Buffer.from(body)), headers });

async function json(answer: Response): Promise<{ status: number; body: Record<string, unknown> }> {
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

describe('a WebSocket client', () => {
  test('is told first who serves it, by the key and the revision of the gateway', async () => {
    const { address } = await node();
    const headers = { 'X-WsCluster-Key': 'al%2Fice%20', 'X-WsCluster-Revision': '2.9' };
    const { hello } = await client(address, '/any/path?userId=ignored', headers);
    expect(hello).toEqual({ type: 'hello', node: 'n1', address, key: 'al/ice ', connections: 1, revision: '2.9' });
  });

  test('is known without a gateway by userId, else by the last segment of the path', async () => {
    const { address } = await node();
    expect((await client(address, '/x/y?a=b&userId=a+b%2B')).hello).toMatchObject({ key: 'a+b+', revision: '0.0' });
    expect((await client(address, '/x/bob%20')).hello).toMatchObject({ key: 'bob ', connections: 2 });
  });

  test.each([
    ['no key', '/', 'KEY_MISSING'],
    ['a damaged key', '/%ff', 'KEY_INVALID'],
    ['two keys', '/?userId=a&userId=b', 'KEY_INVALID'],
  ])('with %s is refused before the upgrade', async (_what, path, code) => {
    const { address } = await node();
    const socket = new WebSocket(`ws://${address}${path}`);
    socket.on('error', () => {});
    const [req, res] = await once(socket, 'unexpected-response');
    const chunks: Buffer[] = [];
    for await (const chunk of res) chunks.push(chunk);
    req.destroy();
    expect(res.statusCode).toBe(400);
    expect(JSON.parse(Buffer.concat(chunks).toString())).toMatchObject({ code });
  });

  test('gets every message back as it came, text and binary, fragmented, empty and large', async () => {
    const { address } = await node();
    const { socket, messages } = await client(address);
    const large = Buffer.alloc(1024 * 1024, 'x');
    socket.send('grüße');
    socket.send(Buffer.from([0, 255]));
    socket.send('');
    socket.send('frag', { fin: false });
    socket.ping();
    socket.send('ment', { fin: true });
    socket.send(large);
    await vi.waitFor(() => expect(messages.length).toBe(5), { timeout: 30_000 });
    const last = messages.pop(); // compared apart: a matcher takes seconds for a MiB
    expect(last?.isBinary && last.data.equals(large)).toBe(true);
    expect(messages.map(({ data, isBinary }) => [data, isBinary])).toEqual([
      [Buffer.from('grüße'), false],
      [Buffer.from([0, 255]), true],
      [Buffer.alloc(0), false],
      [Buffer.from('fragment'), false],
    ]);
  });

  test('that sends more than the limit in a message is closed with 1009', async () => {
    const { address } = await node('--max-payload', '1000');
    const { socket, messages, closed } = await client(address);
    socket.send(Buffer.alloc(1000));
    socket.send(Buffer.alloc(1001));
    expect(await closed).toBe(1009);
    expect(messages).toHaveLength(1);
  });

  test('that breaks the protocol or resets harms nobody else', async () => {
    const { address } = await node();
    const other = await client(address, '/other');
    const broken = await client(address, '/broken');
    const raw = (broken.socket as unknown as { _socket: { write(data: Buffer): void } })._socket;
    raw.write(Buffer.from([0xff, 0xff, 0xff])); // reserved bits
    await broken.closed;
    const [host, port] = address.split(':');
    const half = createConnection(Number(port), host);
    half.write('GET /half HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AA');
    await once(half, 'connect');
    half.resetAndDestroy();
    other.socket.send('still here');
    await vi.waitFor(() => expect(other.messages).toHaveLength(1), 30_000);
  });
});

describe('a push', () => {
  test('reaches all connections of the key, as text unless it is an octet stream', async () => {
    const { address, http } = await node();
    const [a, b, other] = await Promise.all([client(address), client(address), client(address, '/bob')]);
    const answer = await json(await post(`${http}/send?userId=alice`, 'grüße'));
    expect(answer).toEqual({ status: 200, body: { node: 'n1', key: 'alice', sent: 2 } });
    await post(`${http}/send?userId=alice`, Buffer.from([0, 255]), { 'content-type': 'application/octet-stream' });
    await vi.waitFor(() => expect([a.messages.length, b.messages.length]).toEqual([2, 2]), 30_000);
    expect(a.messages).toEqual([
      { data: Buffer.from('grüße'), isBinary: false },
      { data: Buffer.from([0, 255]), isBinary: true },
    ]);
    expect(other.messages).toEqual([]);
  });

  test('works under the path of a route, by the key of the gateway', async () => {
    const { address, http } = await node();
    const { messages } = await client(address);
    const headers = { 'X-WsCluster-Key': 'alice' };
    const answer = await json(await post(`${http}/websocket/send?userId=other`, 'hi', headers));
    expect(answer.body).toMatchObject({ key: 'alice', sent: 1 });
    await vi.waitFor(() => expect(String(messages[0]?.data)).toBe('hi'), 30_000);
  });

  test('to a key without a connection answers at once that nobody got it', async () => {
    const { http } = await node();
    expect((await json(await post(`${http}/send?userId=nobody`, 'x'))).body).toMatchObject({ sent: 0 });
  });

  test('waits for a client that is on its way when the owner has just changed', async () => {
    const { address, http } = await node('--settle-seconds', '30');
    const headers = { 'X-WsCluster-Key': 'alice', 'X-WsCluster-Settling': '1' };
    const answer = post(`${http}/send`, 'at last', headers);
    // The request is there before the client: a second one on the same listener has been answered since.
    await fetch(`${http}/count`);
    const { messages } = await client(address);
    expect((await json(await answer)).body).toMatchObject({ sent: 1 });
    await vi.waitFor(() => expect(String(messages[0]?.data)).toBe('at last'), 30_000);
  });

  test('stops waiting after the settle time', async () => {
    const { http } = await node('--settle-seconds', '0.1');
    const headers = { 'X-WsCluster-Key': 'alice', 'X-WsCluster-Settling': '1' };
    expect((await json(await post(`${http}/send`, 'x', headers))).body).toMatchObject({ sent: 0 });
  });

  test.each([
    ['without a key', '/send', 'x', 400, 'KEY_MISSING'],
    ['of text that is not UTF-8', '/send?userId=a', Buffer.from([0xff]), 400, 'REQUEST_INVALID'],
    ['larger than 1 MiB', '/send?userId=a', Buffer.alloc(1024 * 1024 + 1), 413, 'REQUEST_INVALID'],
  ])('%s is refused', async (_what, path, body, status, code) => {
    const { http } = await node();
    expect(await json(await post(`${http}${path}`, body))).toMatchObject({ status, body: { code } });
  });

  test('of exactly 1 MiB is taken', async () => {
    const { http } = await node();
    expect((await post(`${http}/send?userId=a`, Buffer.alloc(1024 * 1024))).status).toBe(200);
  });
});

describe('the HTTP side', () => {
  test('counts connections and keys', async () => {
    const { address, http } = await node();
    await Promise.all([client(address), client(address), client(address, '/bob')]);
    expect((await json(await fetch(`${http}/count`))).body).toEqual({ node: 'n1', connections: 3, keys: 2 });
  });

  test('says who answers, and for which key', async () => {
    const { http } = await node();
    expect((await json(await fetch(`${http}/whoami?userId=a`))).body).toEqual({ node: 'n1', key: 'a' });
    expect((await json(await fetch(`${http}/websocket/whoami`))).body).toEqual({ node: 'n1', key: null });
  });

  test('refuses other methods and paths with a code', async () => {
    const { http } = await node();
    const wrong = await fetch(`${http}/send?userId=a`);
    expect(wrong.headers.get('allow')).toBe('POST');
    expect(await json(wrong)).toMatchObject({ status: 405, body: { code: 'REQUEST_INVALID' } });
    expect(await json(await fetch(`${http}/nowhere`))).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    expect((await fetch(`${http}/constructor`)).status).toBe(404);
  });
});

describe('draining', () => {
  test('is reported at once while everything goes on, and ends when the last client is gone', async () => {
    const { address, http, stop } = await node('--drain-seconds', '30');
    expect(await (await fetch(`${http}/readyz`)).text()).toBe('ready\n');
    const first = await client(address);
    let stopped = false;
    const stopping = stop().then(() => {
      stopped = true;
    });

    const readyz = await fetch(`${http}/readyz`);
    expect([readyz.status, await readyz.text()]).toEqual([503, 'draining\n']);
    const late = await client(address, '/late');
    expect((await json(await post(`${http}/send?userId=alice`, 'x'))).body).toMatchObject({ sent: 1 });
    first.socket.close();
    late.socket.send('still served');
    await vi.waitFor(() => expect(late.messages).toHaveLength(1), 30_000);
    expect(stopped).toBe(false);

    late.socket.close();
    await stopping;
    await expect(fetch(`${http}/healthz`)).rejects.toThrow();
  });

  test('lasts as long as gateways need to learn of it, also without clients', async () => {
    const { stop } = await node('--drain-seconds', '30', '--linger-seconds', '0.3');
    const before = performance.now();
    await stop();
    expect(performance.now() - before).toBeGreaterThanOrEqual(290);
  });

  test('closes with 1001 those that are left at its end', async () => {
    const { address, stop } = await node('--drain-seconds', '0.1');
    const { closed } = await client(address);
    await stop();
    expect(await closed).toBe(1001);
  });
});

test('the port file holds the whole address before anybody can find it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ws-node-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const { address } = await node('--port-file', join(folder, 'below', 'port'));
  expect(await readFile(join(folder, 'below', 'port'), 'utf8')).toBe(`${address}\n`);
});
