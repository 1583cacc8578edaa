import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { probeReadiness, Readiness } from './readiness.ts';

const servers: Server[] = [];
const serve = async (listener: RequestListener) => {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe('the readiness probe', () => {
  test.each([
    [200, 'ok', 'ready'],
    [404, 'Not Found', 'ready'],
    [426, 'Upgrade Required', 'ready'],
    [302, '', 'ready'],
    [500, 'broken', 'failed'],
    [503, 'starting', 'failed'],
    [503, 'draining', 'draining'],
    [503, ' draining\n', 'draining'],
    [200, 'draining', 'draining'],
    [503, 'draining the pool failed', 'failed'],
  ])('an answer %i with the body %j is %s', async (status, body, state) => {
    const address = await serve((_req, res) => res.writeHead(status).end(body));
    expect(await probeReadiness(address)).toMatchObject({ state });
  });

  test('asks the path that it is given', async () => {
    const address = await serve((req, res) => res.writeHead(req.url === '/health?deep=1' ? 200 : 500).end());
    expect(await probeReadiness(address, { path: '/health?deep=1' })).toEqual({ state: 'ready' });
    expect(await probeReadiness(address)).toEqual({ state: 'failed', reason: '/readyz answers 500' });
  });

  test('a body without an end says what its status says', async () => {
    const streaming = await serve((_req, res) => res.writeHead(200).write('data: 1\n\n'));
    expect(await probeReadiness(streaming, { timeoutMs: 100 })).toEqual({ state: 'ready' });
    const endless = await serve((_req, res) => res.writeHead(500).write('x'.repeat(1000)));
    expect(await probeReadiness(endless)).toMatchObject({ state: 'failed' });
  });

  test('refusal, silence and what is not HTTP are failed, each with its reason', async () => {
    expect(await probeReadiness('127.0.0.1:1')).toMatchObject({ reason: expect.stringContaining('ECONNREFUSED') });
    const silent = await serve(() => {});
    expect(await probeReadiness(silent, { timeoutMs: 50 })).toMatchObject({ reason: 'no answer within 50 ms' });
    const other = createTcpServer((socket) => socket.end('220 smtp\r\n'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const address = `127.0.0.1:${(other.address() as AddressInfo).port}`;
    expect(await probeReadiness(address)).toMatchObject({ state: 'failed' });
    other.close();
  });

  test('a probe that is given up ends at once', async () => {
    const silent = await serve(() => {});
    const abort = new AbortController();
    const probe = probeReadiness(silent, { timeoutMs: 60_000, signal: abort.signal });
    abort.abort();
    expect(await probe).toMatchObject({ state: 'failed' });
  });
});

describe('readiness', () => {
  const ready = { state: 'ready' } as const;
  const failed = { state: 'failed', reason: 'no answer' } as const;

  test('one success makes a node ready, three failures in a row make it unready', () => {
    const readiness = new Readiness();
    const phases = [failed, ready, failed, failed, ready, failed, failed, failed, ready].map((result) => {
      readiness.take(result);
      return readiness.phase;
    });
    expect(phases).toEqual([...['starting', ...Array(6).fill('ready')], 'unready', 'ready']);
  });

  test('a node that starts is asked often, and no more once it is ready', () => {
    const readiness = new Readiness();
    expect(readiness.nextProbeMs).toBe(50);
    readiness.take(ready);
    expect(readiness.nextProbeMs).toBe(500);
  });

  test('after an interruption it is ready by the next success', () => {
    const readiness = new Readiness();
    readiness.interrupt();
    expect(readiness.phase).toBe('starting');
    readiness.take(ready);
    readiness.interrupt();
    expect(readiness.phase).toBe('unready');
    readiness.take(ready);
    expect(readiness.phase).toBe('ready');
  });
});
