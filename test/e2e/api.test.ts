import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { http } from './support/http.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

interface Problem {
  code: string;
  status: number;
  field?: string;
  detail: string;
}

describe('the API', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start({ nodes: 2, gateways: 1 });
  });
  afterAll(() => system.stop());

  const url = (path: string) => `http://127.0.0.1:${system.apiPort}${path}`;
  const get = async (path: string) => JSON.parse((await http('GET', url(path))).text) as Record<string, unknown>;

  test('shows the cluster with its spec, its status and its conditions', async () => {
    const { clusters } = await get('/api/v1/clusters');
    expect(clusters).toMatchObject([{ name: 'chat', status: { nodes: { desired: 2, ready: 2, draining: 0 } } }]);
    expect(await get('/api/v1/clusters/chat')).toMatchObject({
      kind: 'WsCluster',
      metadata: { name: 'chat', generation: 1 },
      spec: { nodes: { replicas: 2 }, rebalance: { tolerance: 0.05 } },
      status: { observedGeneration: 1, gateways: { ready: 1, inSync: 1 }, connections: 0 },
    });
  });

  test('names the gateways, and the nodes with shares that make a whole', async () => {
    expect(await get('/api/v1/gateways')).toMatchObject({
      gateways: [{ id: 'gateway-1', inSync: true, address: `127.0.0.1:${system.gateways[0]?.port}` }],
    });
    const nodes = await system.nodes();
    expect(nodes.map(({ state }) => state)).toEqual(['ready', 'ready']);
    expect(nodes.reduce((sum, { slots }) => sum + slots, 0)).toBe(65_536);
  });

  test('paths of the only cluster work without its name', async () => {
    expect(await get('/api/v1/owner?key=alice')).toEqual(await get('/api/v1/clusters/chat/owner?key=alice'));
    expect(await get('/api/v1/ring?slots=true')).toMatchObject({ table: expect.any(Array) });
    expect((await get('/api/v1/ring')).table).toBeUndefined();
  });

  test('takes a key as gateways do: decoded once, + is a plus', async () => {
    expect((await get('/api/v1/owner?key=a%2Bb+c%20%C3%BC')).key).toBe('a+b+c ü');
  });

  test.each([
    ['GET', '/api/v1/owner', 400, 'KEY_MISSING', 'key'],
    ['GET', '/api/v1/owner?key=', 400, 'KEY_INVALID', 'key'],
    ['GET', '/api/v1/owner?key=%FF', 400, 'KEY_INVALID', 'key'],
    ['GET', '/api/v1/owner?key=a&key=b', 400, 'KEY_INVALID', 'key'],
    ['GET', '/api/v1/ring?slots=maybe', 400, 'REQUEST_INVALID', 'slots'],
    ['GET', '/api/v1/clusters/nope/ring', 404, 'NOT_FOUND', 'cluster'],
    ['GET', '/api/v2', 404, 'NOT_FOUND', undefined],
    ['DELETE', '/api/v1/nodes/nobody', 404, 'NOT_FOUND', 'id'],
    ['DELETE', '/api/v1/nodes/nobody?mode=kill', 404, 'NOT_FOUND', 'id'],
    ['DELETE', '/api/v1/nodes/nobody?mode=softly', 400, 'REQUEST_INVALID', 'mode'],
  ])('%s %s is %i %s', async (method, path, status, code, field) => {
    const answer = await http(method, url(path));
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    const problem = JSON.parse(answer.text) as Problem;
    expect(problem).toMatchObject({ status, code });
    expect(problem.field).toBe(field);
    expect(problem.detail).not.toBe('');
  });

  test('answers no page of another site', async () => {
    const answer = await http('POST', url('/api/v1/nodes'), undefined, { origin: 'http://evil.example' });
    expect(answer.status).toBe(401);
    expect(await system.nodes()).toHaveLength(2);
  });

  test('a killed node is replaced under its ring id, and the replicas stay as they are', async () => {
    const [victim] = (await system.ring()).members;
    expect((await system.api('DELETE', `/nodes/${victim?.nodeId}?mode=kill`)).status).toBe(202);
    await until('it is gone', async () => (await system.nodes()).every(({ id }) => id !== victim?.nodeId));
    await system.settled(2);
    const after = (await system.ring()).members.find(({ ringId }) => ringId === victim?.ringId);
    expect(after?.nodeId).not.toBe(victim?.nodeId);
    expect(after?.slots).toBe(victim?.slots);
    expect(await get('/api/v1/clusters/chat')).toMatchObject({ spec: { nodes: { replicas: 2 } } });
  });

  test('a node that drains already is a conflict', async () => {
    const id = await system.addNode();
    await system.settled(3);
    const answers = await Promise.all([0, 1].map(() => system.api('DELETE', `/nodes/${id}`)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 409]);
    await system.settled(2);
  });

  test('probes and metrics are on a listener of their own', async () => {
    const probe = (path: string) => http('GET', `http://127.0.0.1:${system.probePort}${path}`);
    expect((await probe('/healthz')).status).toBe(200);
    expect(await probe('/readyz')).toMatchObject({ status: 200, text: 'ready\n' });
    const metrics = (await probe('/metrics')).text;
    expect(metrics).toContain('wscluster_nodes{cluster="chat",state="ready"} 2');
    expect(metrics).toContain('wscluster_condition{cluster="chat",type="Ready"} 1');
    expect((await http('GET', url('/readyz'))).status).toBe(200);
  });
});
