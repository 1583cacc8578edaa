import { request } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Client } from './support/client.ts';
import { http } from './support/http.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

describe('changes through the API', () => {
  let system: System;
  const clients: Client[] = [];
  beforeEach(async () => {
    system = await System.start({ nodes: 2, gateways: 1 });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) client.stop();
    await system.stop();
  });
  const call = (method: string, path: string, body: unknown) =>
    system.api(method, path, typeof body === 'string' ? body : JSON.stringify(body), {
      'content-type': 'application/json',
    });
  const connect = async (key: string) => {
    const client = new Client(key, system.clientUrls(key));
    clients.push(client);
    await until('the client is connected', () => client.connected);
    return client;
  };

  test('a message reaches all connections of its key, and no other', async () => {
    const [one, two, other] = [await connect('alice'), await connect('alice'), await connect('bob')];
    const answer = await call('POST', '/messages', { key: 'alice', message: 'hällo' });
    expect(JSON.parse(answer.text)).toEqual({ key: 'alice', connections: 2, nodes: [one?.node] });
    await until('both have it', () => [one, two].every((client) => client?.pushed.includes('hällo')));
    expect(other?.pushed).toEqual([]);
    expect(JSON.parse((await call('POST', '/messages', { key: 'nobody', message: 'x' })).text)).toMatchObject({
      connections: 0,
    });
  });

  test('a message to a key that is being moved waits for its client, and arrives', async () => {
    const keys = Array.from({ length: 60 }, (_, n) => `user-${n}`);
    await Promise.all(keys.map(connect));
    const moving = system.addNode();
    const lost: string[] = [];
    let rounds = 0;
    let settled = false;
    const done = moving
      .then(() => system.settled(3))
      .then(() => {
        settled = true;
      });
    while (!settled || rounds < 2) {
      rounds++;
      const answers = await Promise.all(
        keys.map((key) => call('POST', '/messages', { key, message: `${key} ${rounds}` })),
      );
      answers.forEach((answer, index) => {
        if (answer.status !== 200 || (JSON.parse(answer.text) as { connections: number }).connections < 1)
          lost.push(`${keys[index]}: ${answer.status} ${answer.text}`);
      });
    }
    await done;
    expect(lost).toEqual([]);
    await until('every message has arrived', () => clients.every((client) => new Set(client.pushed).size === rounds));
  });

  test('a patch changes what it names, survives a restart, and null brings a default back', async () => {
    const answer = await call('PATCH', '', {
      spec: { rebalance: { maxConnectionsPerSecond: 7 }, nodes: { replicas: 3 } },
    });
    expect(JSON.parse(answer.text)).toMatchObject({
      metadata: { generation: 2 },
      spec: { rebalance: { maxConnectionsPerSecond: 7, tolerance: 0.05 }, nodes: { replicas: 3, drainSeconds: 20 } },
    });
    await system.settled(3);
    await system.controller.end('SIGKILL');
    system.startController();
    await system.settled(3);
    const back = await call('PATCH', '', { spec: { rebalance: { maxConnectionsPerSecond: null } } });
    expect(JSON.parse(back.text)).toMatchObject({
      metadata: { generation: 3 },
      spec: { rebalance: { maxConnectionsPerSecond: 500 } },
    });
  });

  test('paused holds back what only balances, until it is lifted', async () => {
    await call('PATCH', '', { spec: { rebalance: { paused: true } } });
    const id = await system.addNode();
    await until('the status says so', async () => (await system.api('GET', '')).text.includes('"Paused"'));
    expect((await system.nodes()).find((node) => node.id === id)).toMatchObject({ state: 'ready', slots: 0 });
    await call('PATCH', '', { spec: { rebalance: { paused: false } } });
    await system.settled(3);
    expect((await system.nodes()).find((node) => node.id === id)?.slots).toBeGreaterThan(20_000);
  });

  test('events tell what happens, and resume after the last one that was seen', async () => {
    const read = (
      lastId: string | undefined,
      until_: (events: { id: string; type: string; message: string }[]) => boolean,
    ) =>
      new Promise<{ id: string; type: string; message: string }[]>((resolve, reject) => {
        const events: { id: string; type: string; message: string }[] = [];
        let text = '';
        const req = request(
          `http://127.0.0.1:${system.apiPort}/api/v1/events`,
          { agent: false, headers: lastId === undefined ? {} : { 'last-event-id': lastId } },
          (res) => {
            res.setEncoding('utf8').on('data', (chunk: string) => {
              text += chunk;
              for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
                const block = text.slice(0, end);
                text = text.slice(end + 2);
                const id = /^id: (.*)$/m.exec(block)?.[1];
                if (id !== undefined) events.push({ id, ...JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '{}') });
              }
              if (until_(events)) {
                req.destroy();
                resolve(events);
              }
            });
          },
        );
        req.setTimeout(15_000, () => req.destroy(new Error(`not seen within 15 s: ${JSON.stringify(events)}`)));
        req.on('error', (error) => (events.length > 0 && until_(events) ? undefined : reject(error)));
        req.end();
      });
    const first = await read(undefined, (events) => events.some(({ type }) => type === 'release'));
    expect(new Set(first.map(({ type }) => type))).toEqual(
      expect.objectContaining(new Set(['node', 'ring', 'condition'])),
    );
    const id = await system.addNode();
    const seen = await read(first.at(-1)?.id, (events) =>
      events.some(({ message }) => message === `node ${id} is ready`),
    );
    expect(seen.some(({ id: again }) => first.some((event) => event.id === again))).toBe(false);
    expect(seen.some(({ message }) => message === `node ${id} is starting`)).toBe(true);
  });
});

describe('what the API refuses, and what it says of itself', () => {
  let system: System;
  beforeAll(async () => {
    system = await System.start({ nodes: 1, gateways: 1 });
  });
  afterAll(() => system.stop());
  const call = (method: string, path: string, body: string) =>
    system.api(method, path, body, { 'content-type': 'application/json' });

  test.each([
    ['PATCH', '', '{"spec": {"nodes": {"replicas": -1}}}', 400, 'spec.nodes.replicas'],
    ['PATCH', '', '{"spec": {"nodes": {"replicsa": 1}}}', 400, 'spec.nodes.replicsa'],
    ['PATCH', '', '{"replicas": 1}', 400, undefined],
    ['PATCH', '', '{"spec": ', 400, undefined],
    ['PATCH', '', `{"spec": {"x": "${'y'.repeat(70_000)}"}}`, 413, undefined],
    ['POST', '/plan', '{"change": {"remove": "nobody"}}', 404, 'change'],
    ['POST', '/plan', '{"change": {"add": 0}}', 400, 'change'],
    ['POST', '/plan', '{}', 400, 'change'],
    ['POST', '/messages', '{"key": "", "message": "x"}', 400, 'key'],
    ['POST', '/messages', '{"key": "a"}', 400, 'message'],
  ])('%s %s %j is %i', async (method, path, body, status, field) => {
    const before = (await system.api('GET', '')).text;
    const answer = await call(method, path, body);
    expect(answer.status, answer.text).toBe(status);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    if (field !== undefined) expect((JSON.parse(answer.text) as { field: string }).field).toContain(field);
    expect((JSON.parse((await system.api('GET', '')).text) as { metadata: unknown }).metadata).toEqual(
      (JSON.parse(before) as { metadata: unknown }).metadata,
    );
  });

  test('a body that is not JSON by its type is refused', async () => {
    const answer = await system.api('POST', '/plan', 'change=add', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(answer.status).toBe(400);
  });

  test('the API describes itself', async () => {
    const { paths } = JSON.parse((await http('GET', `http://127.0.0.1:${system.apiPort}/openapi.json`)).text) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const of = (path: string) => Object.keys(paths[`/api/v1/clusters/{cluster}${path}`] ?? {});
    expect(of('/plan')).toEqual(['post']);
    expect([...of('/nodes'), ...of('/nodes/{id}'), ...of('/events')].sort()).toEqual(['delete', 'get', 'get', 'post']);
    expect(Object.keys(paths['/api/v1/clusters'] ?? {})).toEqual(['get']);
  });
});
