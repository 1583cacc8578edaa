import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Client } from '../e2e/support/client.ts';
import { type Answer, http } from '../e2e/support/http.ts';
import type { System } from '../e2e/support/system.ts';
import { useCrowd } from '../e2e/support/use-crowd.ts';
import { until } from '../e2e/support/wait.ts';
import { agreed } from './support/agreement.ts';
import { type BrokerRelays, cut, useBrokerRelays } from './support/broker-relays.ts';
import { askRedis, useBrokers } from './support/brokers.ts';
import { watchRevisions } from './support/revision-watch.ts';

const LOCK_MS = 10_000;

type Controller = System['controllers'][number];

interface Declared {
  readonly metadata: { readonly generation: number };
  readonly status: {
    readonly conditions: { readonly type: string; readonly status: string; readonly reason: string }[];
  };
}

describe('Redis is away for longer than the lock lasts, with 200 clients and two controllers', () => {
  const brokers = useBrokers();
  const relays = useBrokerRelays(brokers, 2);
  let count = 0;
  const started = useCrowd(200, () => ({
    nodes: 3,
    gateways: 2,
    controllers: 2,
    brokers: brokers().urls,
    brokersOfController: relays().map(({ urls }) => urls),
    name: `store-${++count}`,
    rebalance: { maxConnectionsPerSecond: 100 },
  }));
  let watch: ReturnType<typeof watchRevisions>;
  beforeEach(() => {
    watch = watchRevisions(started().system);
  });
  afterEach(async () => {
    expect(await watch.stop()).toEqual([]);
  });

  /** The one that leads, and the other one, which knows it. */
  async function roles(): Promise<{ leader: Controller; other: Controller }> {
    const { system } = started();
    let leader: Controller | undefined;
    await until('one leads and one stands by', async () => {
      leader = await system.leader();
      return system.controllers.some((one) => one !== leader && one.process.has('standing-by'));
    });
    const other = system.controllers.find((one) => one !== leader);
    if (leader === undefined || other === undefined) throw new Error('there are no two controllers');
    return { leader, other };
  }

  function waysOf(controller: Controller): BrokerRelays {
    const ways = relays()[started().system.controllers.indexOf(controller)];
    if (ways === undefined) throw new Error('each controller has relays');
    return ways;
  }

  const at = ({ apiPort }: Controller, path: string, method = 'GET', body?: string): Promise<Answer> =>
    http(method, `http://127.0.0.1:${apiPort}/api/v1/clusters/${started().system.name}${path}`, body, {
      'content-type': 'application/merge-patch+json',
    });
  const codeOf = ({ text }: Answer) => (JSON.parse(text) as { code: string }).code;
  const declared = async (controller: Controller) => JSON.parse((await at(controller, '')).text) as Declared;
  const reason = async (controller: Controller, type: string) =>
    (await declared(controller)).status.conditions.find((condition) => condition.type === type)?.reason;

  async function readsAreAnswered(by: readonly Controller[]): Promise<void> {
    for (const controller of by)
      for (const path of ['', '/ring', '/nodes', '/gateways', '/owner?key=ada', '/hot-keys'])
        expect([path, (await at(controller, path)).status]).toEqual([path, 200]);
  }

  /** Whether a controller has logged an event since now. */
  function logsOf({ process }: Controller): (event: string) => boolean {
    const before = process.lines.length;
    return (event) => process.lines.slice(before).some((line) => line.event === event);
  }

  async function redisIsAway(leader: Controller): Promise<void> {
    const logs = logsOf(leader);
    await brokers().redis.kill();
    await until('the leader stands in', () => logs('lock-away'));
  }

  /** How many controllers say that they hold the lock. */
  async function holders(): Promise<number> {
    const metrics = await Promise.all(
      started()
        .system.controllers.filter(({ process }) => !process.ended)
        .map(({ probePort }) => http('GET', `http://127.0.0.1:${probePort}/metrics`)),
    );
    return metrics.filter(({ text }) => /^leader_election_master_status\{.*\} 1$/m.test(text)).length;
  }

  async function oneLeads(): Promise<void> {
    await until('one controller holds the lock', async () => (await holders()) === 1);
    await agreed(started().system, undefined, 30_000);
  }

  async function newcomerIsServed(): Promise<void> {
    const client = new Client('late', started().system.clientUrls('late'));
    try {
      await until('a newcomer is connected', () => client.connected);
    } finally {
      client.stop();
    }
  }

  /** Kills a node, and returns the keys of its clients once these are with other nodes. */
  async function loseNode(): Promise<string[]> {
    const { system, crowd } = started();
    const [victim] = (await system.ring()).members;
    const id = victim?.nodeId ?? '';
    const lost = crowd.keys(({ node }) => node === id);
    expect(lost.length).toBeGreaterThan(20);
    process.kill(system.nodePid(id), 'SIGKILL');
    await until('its clients are with other nodes', () =>
      crowd.clients.every(({ connected, node }) => connected && node !== id),
    );
    const owner = await system.owners();
    expect(crowd.keys(({ key, node }) => node !== owner(key))).toEqual([]);
    return lost;
  }

  const moved = () => started().crowd.keys(({ closes }) => closes.length > 0);

  test.each(['with nothing in it', 'with its data of before'])(
    'a node that dies is followed, and the API answers; when Redis is back %s, one leads and nobody else has moved',
    async (how) => {
      const { system, crowd } = started();
      const { leader, other } = await roles();
      const { redis } = brokers();
      const [, folder] = (await askRedis(redis.url, 'CONFIG', 'GET', 'dir')) as [string, string];
      if (how === 'with its data of before') await askRedis(redis.url, 'SAVE');
      const { generation } = (await declared(leader)).metadata;
      await redisIsAway(leader);

      const lost = await loseNode();
      expect(moved()).toEqual(lost);
      await readsAreAnswered([leader, other]);
      expect(await reason(other, 'RingPublished')).toBe('StoreUnavailable');
      expect((await at(leader, '')).text).toContain('stands in as the leader');
      const refused = await at(other, '', 'PATCH', '{"spec":{"rebalance":{"paused":true}}}');
      expect([refused.status, codeOf(refused), refused.headers['retry-after']]).toEqual([503, 'NO_LEADER', '2']);
      const readyz = await http('GET', `http://127.0.0.1:${other.probePort}/readyz`);
      expect([readyz.status, readyz.text]).toEqual([503, expect.stringContaining('it cannot be told who leads')]);
      // Who ends and starts nodes holds the lock.
      expect(await holders()).toBe(0);
      expect((await system.nodes()).length).toBe(2);
      expect(moved()).toEqual(lost);

      await redis.start();
      rmSync(join(folder, 'dump.rdb'), { force: true });
      await oneLeads();
      await system.settled(3);
      expect((await declared(leader)).metadata.generation).toBe(generation);
      const owner = await system.owners();
      await until('every client is with its owner', () => crowd.clients.every(({ key, node }) => node === owner(key)));
      expect(moved()).toEqual(lost);
      expect(await crowd.quiet()).toEqual([]);
    },
  );

  test('the leader is killed, too: nobody takes over before Redis is back, and reads are answered by what was known; then one does, and nobody moves', async () => {
    const { crowd } = started();
    const { leader, other } = await roles();
    const ring = await started().system.ring();
    await redisIsAway(leader);
    await leader.process.end('SIGKILL');
    const known = await at(other, '/ring?slots=true');
    expect(known.status).toBe(200);
    const knownAt = Date.parse(String(known.headers['x-wscluster-known-at']));
    // When Redis was last read, which was away for longer than the lock.
    expect(knownAt).toBeLessThan(Date.now() - LOCK_MS / 2);
    expect(JSON.parse(known.text)).toMatchObject({ revision: ring.revision, table: ring.table });
    await readsAreAnswered([other]);
    expect(await reason(other, 'Ready')).toBe('NoLeader');
    const refused = await at(other, '', 'PATCH', '{"spec":{"rebalance":{"paused":true}}}');
    expect([refused.status, codeOf(refused), refused.headers['retry-after']]).toEqual([503, 'NO_LEADER', '2']);
    await newcomerIsServed();
    expect(await holders()).toBe(0);
    await brokers().redis.start();
    await oneLeads();
    await readsAreAnswered([other]);
    expect(crowd.closes).toEqual([]);
    expect(await crowd.quiet()).toEqual([]);
  });

  test('the leader hangs for longer than its term, too: it knows when it wakes up, and answers by what it knew', async () => {
    const { crowd } = started();
    const { leader, other } = await roles();
    await redisIsAway(leader);
    const logs = logsOf(leader);
    leader.process.signal('SIGSTOP');
    const stoppedAt = performance.now();
    const frozenAt = Date.now();
    await until('its term is over', () => performance.now() - stoppedAt > LOCK_MS);
    leader.process.signal('SIGCONT');
    await until('it leads no longer', () => logs('lead-lost'));
    await until('it knows that nobody can be asked', async () => (await at(leader, '/ring')).status === 200);
    await readsAreAnswered([leader, other]);
    expect(await reason(leader, 'Ready')).toBe('NoLeader');
    // What it knew is from before it was frozen.
    const { headers } = await at(leader, '/ring');
    expect(Date.parse(String(headers['x-wscluster-known-at']))).toBeLessThanOrEqual(frozenAt);
    await newcomerIsServed();
    await brokers().redis.start();
    await oneLeads();
    expect(crowd.closes).toEqual([]);
    expect(await crowd.quiet()).toEqual([]);
  });

  test('only for the leader: the other one takes over, gateways follow it, and the first one gives way', async () => {
    const { system, crowd } = started();
    const { leader, other } = await roles();
    const { epoch } = (await system.ring()).revision;
    const { redis } = waysOf(leader);
    const [logs, logsOfOther] = [logsOf(leader), logsOf(other)];
    cut(redis);
    await until('the other one leads', () => logsOfOther('leading'));
    await until('the first one has given way', () => logs('lead-lost'));
    await gatewaysFollow(other, epoch + 1);
    await until('it knows that nobody can be asked', async () => (await at(leader, '/ring')).status === 200);
    await readsAreAnswered([leader, other]);
    expect(crowd.closes).toEqual([]);
    redis.mend();
    await until('the first one stands by', () => logs('standing-by'));
    await oneLeads();
    expect((await system.ring()).revision.epoch).toBe(epoch + 1);
    expect(await system.leader()).toBe(other);
    expect(crowd.closes).toEqual([]);
    expect(await crowd.quiet()).toEqual([]);
  });

  test('only for the leader, and RabbitMQ only for the other one: gateways find its ring in Redis, and the first one gives way', async () => {
    const { system, crowd } = started();
    const { leader, other } = await roles();
    const { epoch } = (await system.ring()).revision;
    const [{ redis }, { rabbitmq }] = [waysOf(leader), waysOf(other)];
    const [logs, logsOfOther] = [logsOf(leader), logsOf(other)];
    cut(redis);
    cut(rabbitmq);
    await until('the other one leads', () => logsOfOther('leading'), 60_000);
    await gatewaysApply(epoch + 1);
    await until('the first one has given way', () => logs('lead-lost'));
    expect(await holders()).toBe(1);
    redis.mend();
    rabbitmq.mend();
    await oneLeads();
    expect(await system.leader()).toBe(other);
    expect(crowd.closes).toEqual([]);
    expect(await crowd.quiet()).toEqual([]);
  });

  async function gatewaysFollow(controller: Controller, epoch: number): Promise<void> {
    await until('all gateways route by its ring', async () => {
      const { gateways } = JSON.parse((await at(controller, '/gateways')).text) as {
        gateways: { applied: { epoch: number }; inSync: boolean }[];
      };
      return gateways.length === 2 && gateways.every(({ applied, inSync }) => inSync && applied.epoch === epoch);
    });
  }

  async function gatewaysApply(epoch: number): Promise<void> {
    await until('all gateways route by a ring of that epoch', async () => {
      const metrics = await Promise.all(
        started().system.gateways.map(({ probes }) => http('GET', `http://127.0.0.1:${probes}/metrics`)),
      );
      return metrics.every(({ text }) => text.includes(`wscluster_gateway_ring_epoch ${epoch}\n`));
    });
  }
});
