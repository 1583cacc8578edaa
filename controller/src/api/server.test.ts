import { request } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createRing, encodeRing, SLOTS } from '@wscluster/ring';
import { silentLogger } from '@wscluster/service';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { viewOfStandby } from '../core/loop/last-view.ts';
import { parseCluster } from '../core/spec/load.ts';
import type { LedCluster, ServedCluster } from './served-cluster.ts';
import { type ApiServer, startApi } from './server.ts';

let api: ApiServer | undefined;

afterEach(async () => {
  vi.restoreAllMocks();
  await api?.close();
});

async function serve(cluster: ServedCluster): Promise<void> {
  api = await startApi({
    listen: { host: '127.0.0.1', port: 0 },
    token: undefined,
    clusters: [cluster],
    notReady: () => undefined,
    log: silentLogger,
  });
}

/** Status of a call of /api/v1/ring at an API with this cluster. */
async function statusWith(cluster: ServedCluster): Promise<number | undefined> {
  await serve(cluster);
  const url = `http://127.0.0.1:${api?.port}/api/v1/ring`;
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

describe('reads while no leader can be asked', () => {
  const knownAt = new Date('2026-01-02T03:04:05.000Z');
  const member = { ringId: 0, nodeId: 'a', address: '127.0.0.1:1', weight: 1, state: 'ready' } as const;
  const ring = createRing({ epoch: 3, version: 7 }, [member], new Uint16Array(SLOTS));
  const message = encodeRing(ring, {
    cluster: 'chat',
    release: { movableUpTo: ring.revision, spreadMs: 0, maxPerSecond: 0 },
    settings: { routes: [{ path: '/{id}', key: { param: 'id' } }] },
  });
  const { spec } = parseCluster(
    '{ apiVersion: wscluster.io/v1alpha1, kind: WsCluster, metadata: { name: chat }, spec: { nodes: { replicas: 0 } } }',
    'chat.yaml',
  ).cluster;
  const lastView = viewOfStandby({ spec, generation: 4, ring: message, at: knownAt });
  const read = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`http://127.0.0.1:${api?.port}/api/v1${path}`, init);
    return { status: answer.status, at: answer.headers.get('x-wscluster-known-at'), body: await answer.json() };
  };

  test.each([
    ['nobody leads', undefined],
    // Nobody listens there.
    ['the leader does not answer', 'http://127.0.0.1:1'],
  ])('are answered by what was last known, with its time: %s', async (_when, leader) => {
    await serve({ name: 'chat', reign: undefined, leader, lastView });
    const known = { status: 200, at: knownAt.toISOString() };
    expect(await read('/ring')).toMatchObject({ ...known, body: { revision: ring.revision, digest: ring.digest } });
    // Large enough to be compressed for who takes that.
    expect(await read('/ring?slots=true')).toMatchObject({ ...known, body: { table: { length: SLOTS } } });
    expect(await read('/owner?key=ada')).toMatchObject({ ...known, body: { nodeId: 'a' } });
    expect(await read('/nodes')).toMatchObject({ ...known, body: { nodes: [{ id: 'a', state: 'ready', share: 1 }] } });
    const { body, ...cluster } = await read('/clusters/chat');
    expect(cluster).toEqual(known);
    expect(body).toMatchObject({ metadata: { generation: 4 } });
    const { conditions } = (body as { status: { conditions: { reason: string }[] } }).status;
    expect(new Set(conditions.map(({ reason }) => reason))).toEqual(new Set(['NoLeader']));
    expect(await read('/slots/99999')).toMatchObject({ status: 400, body: { field: 'slot' } });
    const refused = { status: 503, body: { code: 'NO_LEADER' } };
    expect(await read('/nodes', { method: 'POST' })).toMatchObject(refused);
    expect(await read('/events')).toMatchObject(refused);
  });

  test('are answered so within seconds if the leader hangs', async () => {
    const callers: Socket[] = [];
    const hanging = createServer((socket) => callers.push(socket.on('error', () => {})));
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve));
    const { port } = hanging.address() as AddressInfo;
    await serve({ name: 'chat', reign: undefined, leader: `http://127.0.0.1:${port}`, lastView });
    // Far below the 30 s of other requests.
    const signal = AbortSignal.timeout(20_000);
    expect(await read('/ring', { signal })).toMatchObject({ status: 200, at: knownAt.toISOString() });
    for (const caller of callers) caller.destroy();
    await new Promise((resolve) => hanging.close(resolve));
  });

  test('are answered so by who has just begun to lead, too', async () => {
    const reign = { hasBegun: false } as LedCluster;
    await serve({ name: 'chat', reign, leader: undefined, lastView });
    expect(await read('/ring')).toMatchObject({ status: 200, at: knownAt.toISOString() });
    expect(await read('/nodes', { method: 'POST' })).toMatchObject({ status: 503, body: { code: 'NO_LEADER' } });
  });
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
