import { nacosServer } from '@wscluster/testbed/nacos';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Client } from '../e2e/support/client.ts';
import type { Owners } from '../e2e/support/system.ts';
import { useCrowd } from '../e2e/support/use-crowd.ts';
import { until } from '../e2e/support/wait.ts';
import { agreed } from './support/agreement.ts';
import { askRedis, documentsAreRead, useBrokers } from './support/brokers.ts';

/** After an outage everything agrees within this time, ms. */
const RECOVERY_MS = 60_000;

type Nacos = Awaited<ReturnType<typeof nacosServer>>;

describe('with 300 clients, two controllers, RabbitMQ, Redis and Nacos', () => {
  const brokers = useBrokers();
  let nacos: Nacos;
  beforeAll(async () => {
    nacos = await nacosServer('3.1');
    if (nacos.pid === undefined) await nacos.start();
  });
  afterAll(() => nacos?.dispose());

  const started = useCrowd(300, () => ({
    nodes: 3,
    gateways: 2,
    controllers: 2,
    brokers: brokers().urls,
    nacos: [nacos.address],
    name: `chat-${++count}`,
  }));
  let count = 0;

  /** Whoever connects during an outage is served by the owner that was known before it. */
  async function newcomersAreServed(owners: Owners): Promise<void> {
    const { system } = started();
    const late = Array.from({ length: 20 }, (_, n) => new Client(`late-${n}`, system.clientUrls(`late-${n}`), n));
    try {
      await until('newcomers are connected', () => late.every((client) => client.connected));
      for (const client of late) expect(client.node).toBe(owners(client.key));
    } finally {
      for (const client of late) client.stop();
    }
  }

  /** What every outage leaves as it was: no connection was lost, no echo, and the ring is as before. */
  async function nothingHasMoved(table: readonly number[]): Promise<void> {
    const { system, crowd } = started();
    expect((await system.ring()).table).toEqual(table);
    expect(crowd.closes).toEqual([]);
    expect(await crowd.quiet()).toEqual([]);
  }

  /** The ring once everything agrees. */
  async function settledRing(): Promise<{ table: readonly number[]; owners: Owners }> {
    const { system } = started();
    await agreed(system, nacos.address);
    return { table: (await system.ring()).table, owners: await system.owners() };
  }

  test('RabbitMQ killed and started again, its queues gone: nobody notices, and rings go out again', async () => {
    const { system, crowd } = started();
    const { table, owners } = await settledRing();
    const { rabbitmq } = brokers();
    await rabbitmq.kill();
    await until('the outage is in the status', async () =>
      (await system.api('GET', '')).text.includes('BusUnavailable'),
    );
    await newcomersAreServed(owners);
    await rabbitmq.start();
    await agreed(system, nacos.address, RECOVERY_MS);
    await nothingHasMoved(table);
    // Rings go out over it again.
    await system.addNode();
    await system.settled(4);
    await crowd.allConnected();
  });

  test('a node that dies while RabbitMQ is down: its clients alone move, by the ring in Redis', async () => {
    const { system, crowd } = started();
    await settledRing();
    const ownerBefore = await system.owners();
    const { rabbitmq } = brokers();
    await rabbitmq.kill();
    const [victim] = (await system.ring()).members;
    const lost = crowd.keys(({ key }) => ownerBefore(key) === victim?.nodeId);
    process.kill(system.nodePid(victim?.nodeId ?? ''), 'SIGKILL');
    // Gateways poll the store after three seconds of silence.
    await until(
      'the clients are back',
      () => crowd.keys((c) => c.closes.length > 0).length >= lost.length && crowd.clients.every((c) => c.connected),
      60_000,
    );
    await rabbitmq.start();
    await agreed(system, nacos.address, RECOVERY_MS);
    await system.settled(3);
    expect(crowd.keys((client) => client.closes.length > 0)).toEqual(lost);
    const ownerAfter = await system.owners();
    await until('every client is with its owner', () =>
      crowd.clients.every(({ key, node }) => node === ownerAfter(key)),
    );
    expect(await crowd.quiet()).toEqual([]);
  });

  test('RabbitMQ closes channels and connections, and loses the exchange: all come back by themselves', async () => {
    const { system } = started();
    const { table, owners } = await settledRing();
    const { rabbitmq } = brokers();
    await rabbitmq.ctl('close_all_connections', 'test');
    await agreed(system, nacos.address, RECOVERY_MS);
    const exchange = `rabbit_misc:r(<<"/">>, exchange, <<"wscluster.${system.name}.rings">>)`;
    await rabbitmq.ctl('eval', `rabbit_exchange:delete(${exchange}, false, <<"test">>).`);
    await newcomersAreServed(owners);
    await system.patch({ rebalance: { maxConnectionsPerSecond: 499 } });
    await agreed(system, nacos.address, RECOVERY_MS);
    await nothingHasMoved(table);
  });

  test('Redis killed, and started again with nothing in it: the ring is written again', async () => {
    const { system } = started();
    const { table, owners } = await settledRing();
    const { redis } = brokers();
    await redis.kill();
    await newcomersAreServed(owners);
    await redis.start();
    await agreed(system, nacos.address, RECOVERY_MS);
    await nothingHasMoved(table);
  });

  test('Redis away for longer than the lock: its leader stands in, and afterwards nothing has changed', async () => {
    const { system } = started();
    const { table, owners } = await settledRing();
    const { redis } = brokers();
    const leader = await system.leader();
    await redis.kill();
    await until('the leader stands in', () => leader?.process.has('lock-away') === true);
    await newcomersAreServed(owners);
    await redis.start();
    await agreed(system, nacos.address, RECOVERY_MS);
    await nothingHasMoved(table);
  });

  test('Redis emptied: ring, changed spec and leadership are there again', async () => {
    const { system } = started();
    await settledRing();
    const patched = await system.patch({ rebalance: { maxConnectionsPerSecond: 77 } });
    expect(patched.status).toBe(200);
    await agreed(system, nacos.address, RECOVERY_MS);
    const { table } = await system.ring();
    await askRedis(brokers().redis.url, 'FLUSHALL');
    await until(
      'the ring and the changed spec are stored again',
      async () => {
        const key = (what: string) => `wscluster:{${system.name}}:${what}`;
        const { url } = brokers().redis;
        const spec = String(await askRedis(url, 'HGET', key('documents'), 'spec'));
        // A standby may write back the one before, until the leader notices.
        return (await askRedis(url, 'EXISTS', key('ring'))) === 1 && spec.includes('"maxConnectionsPerSecond":77');
      },
      RECOVERY_MS,
    );
    await agreed(system, nacos.address, RECOVERY_MS);
    // Whoever leads now, the one that did or the other one.
    expect((await system.api('GET', '')).text).toContain('"maxConnectionsPerSecond":77');
    await system.controllers[0]?.process.end('SIGKILL');
    await system.controllers[1]?.process.end('SIGKILL');
    system.startController(1);
    await until('it leads', async () => (await system.leader()) !== undefined, 20_000);
    await system.settled(3);
    expect((await system.api('GET', '')).text).toContain('"maxConnectionsPerSecond":77');
    await nothingHasMoved(table);
  });

  test('Redis emptied while the leader hangs: its successor knows the changed spec', async () => {
    const { system } = started();
    await settledRing();
    const patched = await system.patch({ rebalance: { maxConnectionsPerSecond: 78 } });
    expect(patched.status).toBe(200);
    await agreed(system, nacos.address, RECOVERY_MS);
    const { table } = await system.ring();
    const leader = await system.leader();
    const other = system.controllers.find((one) => one !== leader);
    if (leader === undefined || other === undefined) throw new Error('two controllers are needed, one of which leads');
    await documentsAreRead(brokers().redis.url);
    leader.process.signal('SIGSTOP');
    await askRedis(brokers().redis.url, 'FLUSHALL');
    const times = other.process.lines.filter(({ event }) => event === 'leading').length;
    await until(
      'the other one leads',
      () => other.process.lines.filter(({ event }) => event === 'leading').length > times,
      20_000,
    );
    leader.process.signal('SIGCONT');
    await agreed(system, nacos.address, RECOVERY_MS);
    expect((await system.api('GET', '')).text).toContain('"maxConnectionsPerSecond":78');
    await nothingHasMoved(table);
  });

  test('Nacos down while nodes come and go: the ring follows them, and Nacos when it is back', async () => {
    const { system, crowd } = started();
    await settledRing();
    await nacos.kill();
    const added = await system.addNode();
    await system.settled(4);
    await until('the outage is in the status', async () =>
      (await system.api('GET', '')).text.includes('RegistryUnavailable'),
    );
    const [victim] = (await system.ring()).members.filter(({ nodeId }) => nodeId !== added);
    await system.api('DELETE', `/nodes/${victim?.nodeId}`);
    await system.settled(3, 60_000);
    await nacos.start();
    await agreed(system, nacos.address, RECOVERY_MS);
    const owner = await system.owners();
    await until('every client is with its owner', () => crowd.clients.every(({ key, node }) => node === owner(key)));
    expect(await crowd.quiet()).toEqual([]);
  });

  test('both controllers killed: traffic and newcomers go on, and their return changes no owner', async () => {
    const { system } = started();
    const { table, owners } = await settledRing();
    for (const { process } of system.controllers) await process.end('SIGKILL');
    await newcomersAreServed(owners);
    system.startController(0);
    system.startController(1);
    await until('one leads', async () => (await system.leader()) !== undefined, 20_000);
    await agreed(system, nacos.address, RECOVERY_MS);
    await nothingHasMoved(table);
  });

  test('a gateway started while RabbitMQ is down routes by the ring in Redis, and by newer ones afterwards', async () => {
    const { system } = started();
    await settledRing();
    const { rabbitmq } = brokers();
    await system.gateways[1]?.process.end('SIGKILL');
    await rabbitmq.kill();
    system.startGateway(1);
    const key = 'somebody';
    const owner = (await system.owners())(key);
    const client = new Client(key, [system.clientUrls(key)[1] ?? '']);
    try {
      await until('a client is served', () => client.connected);
      expect(client.node).toBe(owner);
      await rabbitmq.start();
      await agreed(system, nacos.address, RECOVERY_MS);
    } finally {
      client.stop();
    }
  });
});
