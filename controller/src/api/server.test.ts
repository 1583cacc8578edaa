import { request } from 'node:http';
import { silentLogger } from '@wscluster/service';
import { afterEach, expect, test, vi } from 'vitest';
import type { ServedCluster } from './served-cluster.ts';
import { type ApiServer, startApi } from './server.ts';

let api: ApiServer | undefined;

afterEach(async () => {
  vi.restoreAllMocks();
  await api?.close();
});

/** Status of a call of /api/v1/ring at an API with this cluster. */
async function statusWith(cluster: ServedCluster): Promise<number | undefined> {
  api = await startApi({
    listen: { host: '127.0.0.1', port: 0 },
    token: undefined,
    clusters: [cluster],
    notReady: () => undefined,
    log: silentLogger,
  });
  const url = `http://127.0.0.1:${api.port}/api/v1/ring`;
  return await new Promise((resolve, reject) => {
    const call = request(url, { agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode));
    });
    call.on('error', reject).end();
  });
}

test('a body that is nested by thousands is refused, whatever it says', async () => {
  await statusWith({ name: 'chat', reign: undefined, leader: undefined, lastView: undefined });
  const body = `{"spec":${'{"a":'.repeat(5_000)}1${'}'.repeat(5_001)}`;
  const headers = { 'content-type': 'application/merge-patch+json' };
  const answer = await fetch(`http://127.0.0.1:${api?.port}/api/v1/clusters/chat`, { method: 'PATCH', body, headers });
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ code: 'REQUEST_INVALID', field: 'body' });
});

test('a call while nobody leads is answered with 503, and is no error of this process', async () => {
  const error = vi.spyOn(silentLogger, 'error');
  expect(await statusWith({ name: 'chat', reign: undefined, leader: undefined, lastView: undefined })).toBe(503);
  expect(error).not.toHaveBeenCalled();
});

test('a bug that a call meets is logged', async () => {
  const error = vi.spyOn(silentLogger, 'error');
  const broken = {
    name: 'chat',
    leader: undefined,
    lastView: undefined,
    get reign(): undefined {
      throw new TypeError('a bug');
    },
  };
  expect(await statusWith(broken)).toBe(500);
  expect(error).toHaveBeenCalledWith(expect.objectContaining({ event: 'api-error' }), expect.any(String));
});
