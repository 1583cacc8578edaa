import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { silentLogger } from '@wscluster/service';
import { openAmqpHub, openRedisStore } from '@wscluster/transport';
import { describe, expect, test } from 'vitest';
import { http } from '../e2e/support/http.ts';
import type { System } from '../e2e/support/system.ts';
import { useCrowd } from '../e2e/support/use-crowd.ts';
import { until } from '../e2e/support/wait.ts';
import { agreed } from './support/agreement.ts';
import { storedRing, useBrokers } from './support/brokers.ts';

const LOCK_MS = 10_000;
const MERGE_PATCH = { 'content-type': 'application/merge-patch+json' };

describe('two controllers with 300 clients', () => {
  const brokers = useBrokers();
  let count = 0;
  const started = useCrowd(300, () => ({
    nodes: 3,
    gateways: 2,
    controllers: 2,
    brokers: brokers().urls,
    name: `pair-${++count}`,
  }));

  /** The one that leads, and the other one. */
  async function roles(system: System) {
    await until('one leads and one stands by', async () => {
      const leader = await system.leader();
      return (
        leader !== undefined && system.controllers.some((other) => other !== leader && other.process.has('standing-by'))
      );
    });
    const leader = await system.leader();
    const other = system.controllers.find((controller) => controller !== leader);
    if (leader === undefined || other === undefined) throw new Error('there are no two controllers');
    return { leader, other };
  }

  async function nothingHasMoved(table: readonly number[]): Promise<void> {
    const { system, crowd } = started();
    await agreed(system, undefined);
    expect((await system.ring()).table).toEqual(table);
    expect(crowd.closes).toEqual([]);
    expect(await crowd.quiet()).toEqual([]);
  }

  test('kill -9 of the leader: the other one leads within the lock and a second, and the ring is the same', async () => {
    const { system } = started();
    const { leader, other } = await roles(system);
    const { table, revision } = await system.ring();
    const killedAt = performance.now();
    await leader.process.end('SIGKILL');
    await until('the other one leads', async () => (await system.leader()) === other, LOCK_MS + 1_000, 50);
    expect(performance.now() - killedAt).toBeLessThan(LOCK_MS + 1_000);
    await until('it answers', async () => (await system.api('GET', '')).status === 200);
    await until('it has published', async () => (await system.ring()).revision.epoch > revision.epoch);
    await nothingHasMoved(table);
  });

  test('SIGTERM of the leader: it gives the lead up, and the other one leads at once', async () => {
    const { system } = started();
    const { leader, other } = await roles(system);
    const { table } = await system.ring();
    const askedAt = performance.now();
    leader.process.signal('SIGTERM');
    await until('the other one leads', async () => (await system.leader()) === other, 3_000, 20);
    expect(performance.now() - askedAt).toBeLessThan(3_000);
    expect(await leader.process.end('SIGTERM')).toBe(0);
    await nothingHasMoved(table);
  });

  test('a leader that was frozen for longer than its lock writes nothing when it wakes up, and would be refused', async () => {
    const { system, crowd } = started();
    const { leader, other } = await roles(system);
    const { table } = await system.ring();
    const old = await storedRing(brokers().urls.redisUrl, system.name);
    if (old === undefined) throw new Error('no ring is stored');
    leader.process.signal('SIGSTOP');
    await until('the other one leads', () => other.process.has('leading'));
    await until('it has published', () => other.process.has('ring-published'));
    const published = leader.process.lines.filter(({ event }) => event === 'ring-published').length;
    leader.process.signal('SIGCONT');
    await until('it knows that it leads no longer', () => leader.process.has('lead-lost'));

    // What it could still have had on its way: a ring of its epoch, above all that it had published.
    const late = { ...old, revision: { ...old.revision, version: old.revision.version + 1_000 } };
    const store = openRedisStore({ url: brokers().urls.redisUrl, cluster: system.name, log: silentLogger });
    const hub = await openAmqpHub(
      { url: brokers().urls.rabbitmqUrl, cluster: system.name, log: silentLogger },
      { onUplink: () => {} },
    );
    try {
      expect(await store.save(late)).toBe('stale');
      await until('the late ring is on the bus', () =>
        hub.broadcast(late).then(
          () => true,
          () => false,
        ),
      );
    } finally {
      await Promise.all([store.close(), hub.close()]);
    }
    await agreed(system, undefined);
    const { revision } = await system.ring();
    expect(revision.epoch).toBe(old.revision.epoch + 1);
    const { gateways } = JSON.parse((await system.api('GET', '/gateways')).text) as { gateways: { applied: object }[] };
    expect(gateways.map(({ applied }) => applied)).toEqual([revision, revision]);
    expect(leader.process.lines.filter(({ event }) => event === 'ring-published')).toHaveLength(published);
    expect(leader.process.has('epoch-raised')).toBe(false);
    expect(crowd.closes).toEqual([]);
    await nothingHasMoved(table);
  });

  test('who stands by passes calls on to the leader, and answers reads by what it knows when there is none', async () => {
    const { system } = started();
    const { leader, other } = await roles(system);
    const at = (path: string, method = 'GET', body?: string) =>
      http(method, `http://127.0.0.1:${other.apiPort}/api/v1${path}`, body, body === undefined ? {} : MERGE_PATCH);
    const patched = await at(
      `/clusters/${system.name}`,
      'PATCH',
      '{"spec":{"rebalance":{"maxConnectionsPerSecond":321}}}',
    );
    expect(patched.status).toBe(200);
    expect((await at('/clusters')).text).toContain(`"leader":"http://127.0.0.1:${leader.apiPort}"`);
    expect((await at(`/clusters/${system.name}`)).text).toContain('"maxConnectionsPerSecond":321');
    expect((await at('/owner?key=ada')).status).toBe(200);
    expect((await at('/nodes', 'POST')).status).toBe(201);
    const refused = await at(`/clusters/${system.name}`, 'PATCH', '{"spec":{"nodes":{"replicas":-1}}}');
    expect([refused.status, (JSON.parse(refused.text) as { code: string }).code]).toEqual([400, 'REQUEST_INVALID']);
    await system.settled(4);

    const { revision } = await system.ring();
    const killedAt = Date.now();
    await leader.process.end('SIGKILL');
    const known = await at('/ring');
    expect(known.status).toBe(200);
    expect(Date.parse(String(known.headers['x-wscluster-known-at']))).toBeGreaterThan(killedAt - 60_000);
    expect((JSON.parse(known.text) as { revision: typeof revision }).revision.epoch).toBe(revision.epoch);
    const nobody = await at('/nodes', 'POST');
    expect([nobody.status, (JSON.parse(nobody.text) as { code: string }).code]).toEqual([503, 'NO_LEADER']);
  });

  test('who stands by calls nobody but the leader, and ends at once though an event stream passes through it', async () => {
    const { system } = started();
    const { leader, other } = await roles(system);
    const strangers: string[] = [];
    const stranger = createServer((req, res) => {
      strangers.push(req.url ?? '');
      res.end('{}');
    }).listen(0, '127.0.0.1');
    try {
      await once(stranger, 'listening');
      const { port } = stranger.address() as AddressInfo;
      const ring = request({
        host: '127.0.0.1',
        port: other.apiPort,
        path: `http://127.0.0.1:${port}/api/v1/ring`,
        agent: false,
      });
      ring.setHeader('host', `127.0.0.1:${other.apiPort}`).end();
      const [answer] = (await once(ring, 'response')) as [IncomingMessage];
      answer.resume();
      expect([answer.statusCode, strangers]).toEqual([200, []]);
    } finally {
      stranger.close();
    }

    const events = request({ host: '127.0.0.1', port: other.apiPort, path: '/api/v1/events', agent: false }).end();
    events.on('error', () => {});
    const [stream] = (await once(events, 'response')) as [IncomingMessage];
    stream.on('error', () => {});
    stream.resume();
    const askedAt = performance.now();
    expect(await other.process.end('SIGTERM')).toBe(0);
    expect(performance.now() - askedAt).toBeLessThan(5_000);
    events.destroy();
    expect((await system.leader())?.apiPort).toBe(leader.apiPort);
  });
});
