import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { ReadinessRule } from '../core/ports/readiness-rule.ts';
import type { ProbeOptions } from './probe.ts';
import { ReadinessCheck } from './readiness-check.ts';

const servers: Server[] = [];
const sockets = new Set<Socket>();
const listening = async (server: Server) => {
  servers.push(server);
  server.on('connection', (socket) => sockets.add(socket.on('error', () => {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};
const serve = (listener: RequestListener) => listening(createHttpServer(listener));
const accept = (onSocket: (socket: Socket) => void) => listening(createServer(onSocket));
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});
/** Long enough for a busy machine to connect, and to answer if it does. */
const SILENCE = { timeoutMs: 500 };
const ask = (address: string, rule: ReadinessRule = {}, options: ProbeOptions = {}) =>
  new ReadinessCheck(rule).ask(address, options);

describe('by default', () => {
  test.each([
    [200, 'ok', 'ready'],
    [404, 'Not Found', 'ready'],
    [426, 'Upgrade Required', 'ready'],
    [302, '', 'ready'],
    [501, 'only WebSockets', 'ready'],
    [500, 'broken', 'failed'],
    [503, 'starting', 'failed'],
    [503, 'draining', 'draining'],
    [503, ' draining\n', 'draining'],
    [200, 'draining', 'draining'],
    [503, 'draining the pool failed', 'failed'],
  ])('an answer %i with the body %j is %s', async (status, body, state) => {
    const address = await serve((_req, res) => res.writeHead(status).end(body));
    expect(await ask(address)).toMatchObject({ state });
  });

  test('/readyz is asked', async () => {
    const address = await serve((req, res) => res.writeHead(req.url === '/readyz' ? 503 : 200).end());
    expect(await ask(address)).toMatchObject({ reason: `GET http://${address}/readyz answers 503` });
  });

  test('a body without an end says what its status says', async () => {
    const streaming = await serve((_req, res) => res.writeHead(200).write('data: 1\n\n'));
    expect(await ask(streaming, {}, SILENCE)).toEqual({ state: 'ready', by: 'http' });
    const endless = await serve((_req, res) => res.writeHead(500).write('x'.repeat(1000)));
    expect(await ask(endless)).toMatchObject({ state: 'failed' });
  });

  test('a server that accepts and answers no HTTP is ready: one that is silent, one that speaks something else', async () => {
    const byTcp = { state: 'ready', by: 'tcp' };
    expect(await ask(await accept(() => {}), {}, SILENCE)).toEqual(byTcp);
    expect(await ask(await accept((socket) => socket.write('220 smtp\r\n')))).toEqual(byTcp);
    expect(await ask(await accept((socket) => socket.pipe(socket)))).toEqual(byTcp);
    // It ends a connection on which it does not understand what it is sent.
    expect(await ask(await accept((socket) => socket.once('data', () => socket.destroy())))).toEqual(byTcp);
  });

  test('a relay without a server behind it, which accepts and closes, is not ready', async () => {
    const address = await accept((socket) => socket.end());
    expect(await ask(address)).toEqual({
      state: 'failed',
      reason: `connecting to ${address}: it closes the connection at once`,
    });
  });

  test('a refused connection is not ready', async () => {
    expect(await ask('127.0.0.1:1')).toMatchObject({
      state: 'failed',
      reason: expect.stringMatching(/^GET http:\/\/127\.0\.0\.1:1\/readyz: .*ECONNREFUSED/),
    });
  });

  test('a server that has answered HTTP hangs when it falls silent', async () => {
    let isSilent = false;
    const address = await serve((_req, res) => void (isSilent || res.end()));
    const check = new ReadinessCheck({});
    expect(await check.ask(address)).toEqual({ state: 'ready', by: 'http' });
    isSilent = true;
    expect(await check.ask(address, SILENCE)).toMatchObject({
      state: 'failed',
      reason: `GET http://${address}/readyz: no answer within 500 ms`,
    });
  });

  test('a server that is slow to answer its first requests is asked again, and one that stays silent no more', async () => {
    let isSilent = true;
    const slow = await serve((_req, res) => void (isSilent || res.end()));
    const check = new ReadinessCheck({});
    expect(await check.ask(slow, SILENCE)).toEqual({ state: 'ready', by: 'tcp' });
    isSilent = false;
    expect(await check.ask(slow)).toEqual({ state: 'ready', by: 'http' });

    let asked = 0;
    const silent = await accept((socket) => socket.on('data', () => asked++));
    const other = new ReadinessCheck({});
    for (let n = 0; n < 8; n++) expect((await other.ask(silent, SILENCE)).state).toBe('ready');
    expect(asked).toBe(4);
  });

  test('a probe that is given up ends at once', async () => {
    const silent = await accept(() => {});
    const abort = new AbortController();
    const probe = ask(silent, {}, { timeoutMs: 60_000, signal: abort.signal });
    abort.abort();
    expect(await probe).toMatchObject({ state: 'failed' });
  });
});

test('a path counts by its status alone, and silence and what is no HTTP are failures', async () => {
  const http = { path: '/health?deep=1', below: 400 };
  let status = 200;
  const address = await serve((req, res) => res.writeHead(req.url === http.path ? status : 500).end());
  expect(await ask(address, { http })).toEqual({ state: 'ready', by: 'http' });
  status = 404;
  expect(await ask(address, { http })).toMatchObject({ reason: `GET http://${address}/health?deep=1 answers 404` });
  expect(await ask(address, { http: { ...http, below: 500 } })).toEqual({ state: 'ready', by: 'http' });
  expect(await ask(await accept(() => {}), { http }, SILENCE)).toMatchObject({ state: 'failed' });
  expect(await ask(await accept((socket) => socket.write('220 smtp\r\n')), { http })).toMatchObject({
    state: 'failed',
  });
});

test('by TCP no request is sent', async () => {
  let bytes = 0;
  const address = await accept((socket) => socket.on('data', (chunk) => (bytes += chunk.length)));
  expect(await ask(address, { tcp: true })).toEqual({ state: 'ready', by: 'tcp' });
  expect(bytes).toBe(0);
  expect(await ask('127.0.0.1:1', { tcp: true })).toMatchObject({ reason: expect.stringContaining('ECONNREFUSED') });
});
