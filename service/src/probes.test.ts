import { once } from 'node:events';
import { connect } from 'node:net';
import { Counter, Registry } from 'prom-client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ProbeListener, startProbes } from './probes.ts';

let probes: ProbeListener;
let reason: string | undefined;
const metrics = new Registry();
new Counter({ name: 'things_total', help: 'things', registers: [metrics] }).inc(3);

beforeEach(async () => {
  reason = undefined;
  probes = await startProbes({ host: '127.0.0.1', port: 0 }, () => reason, metrics);
});

afterEach(() => probes.close());

async function get(path: string, method = 'GET') {
  const answer = await fetch(`http://127.0.0.1:${probes.port}${path}`, { method });
  return { status: answer.status, type: answer.headers.get('content-type'), body: await answer.text() };
}

test('readiness gives its reason while liveness goes on', async () => {
  expect(await get('/readyz')).toMatchObject({ status: 200, body: 'ready\n' });
  reason = 'draining';
  expect(await get('/readyz?verbose')).toMatchObject({ status: 503, body: 'draining\n' });
  expect(await get('/healthz')).toMatchObject({ status: 200 });
});

test('metrics come as Prometheus reads them', async () => {
  const { status, type, body } = await get('/metrics');
  expect([status, type]).toEqual([200, metrics.contentType]);
  expect(body).toContain('things_total 3');
});

test('other paths and methods are refused', async () => {
  expect(await get('/')).toMatchObject({ status: 404 });
  expect(await get('/readyz', 'POST')).toMatchObject({ status: 405 });
});

test('close does not wait for a client that keeps its connection, or is within a request', async () => {
  await get('/healthz');
  const socket = connect(probes.port, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  socket.write('GET /healthz HTTP/1.1\r\n');
  await get('/healthz');
  const before = performance.now();
  await probes.close();
  // The server would wait for the rest as long as the client keeps the connection.
  expect(performance.now() - before).toBeLessThan(10_000);
  await expect(get('/healthz')).rejects.toThrow();
  socket.destroy();
});
