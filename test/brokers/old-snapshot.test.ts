import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { useCrowd } from '../e2e/support/use-crowd.ts';
import { until } from '../e2e/support/wait.ts';
import { agreed } from './support/agreement.ts';
import { askRedis, documentsAreRead, useBrokers } from './support/brokers.ts';

interface Declared {
  readonly metadata: { readonly generation: number };
  readonly spec: { readonly nodes: { readonly replicas: number } };
}

describe('Redis is restored from an old snapshot, with 200 clients and two controllers', () => {
  const brokers = useBrokers();
  let count = 0;
  const started = useCrowd(200, () => ({
    nodes: 3,
    gateways: 2,
    controllers: 2,
    brokers: brokers().urls,
    name: `snapshot-${++count}`,
    rebalance: { maxConnectionsPerSecond: 100 },
  }));

  const declared = async () => JSON.parse((await started().system.api('GET', '')).text) as Declared;

  /** Writes what Redis holds now to the file from which its next start reads; that start has to remove it. */
  async function snapshot(): Promise<string> {
    const { url } = brokers().redis;
    const [, folder] = (await askRedis(url, 'CONFIG', 'GET', 'dir')) as [string, string];
    await askRedis(url, 'SAVE');
    return join(folder, 'dump.rdb');
  }

  /** Four nodes at generation 4, and a snapshot of generation 1 with three. */
  async function changedSinceSnapshot(): Promise<{ file: string; table: readonly number[] }> {
    const { system, crowd } = started();
    const file = await snapshot();
    await system.patch({ nodes: { replicas: 4 } });
    await system.settled(4, 60_000);
    for (const maxConnectionsPerSecond of [90, 80]) await system.patch({ rebalance: { maxConnectionsPerSecond } });
    const { table } = await system.ring();
    expect((await declared()).metadata.generation).toBe(4);
    await until('all clients are settled', () => crowd.clients.every((client) => client.settled));
    return { file, table };
  }

  async function nothingHasChanged(table: readonly number[], closes: number): Promise<void> {
    const { system, crowd } = started();
    await system.settled(4, 60_000);
    await agreed(system, undefined);
    const { metadata, spec } = await declared();
    expect(metadata.generation).toBe(4);
    expect(spec.nodes.replicas).toBe(4);
    expect((await system.ring()).table).toEqual(table);
    expect(crowd.closes).toHaveLength(closes);
    expect(await crowd.quiet()).toEqual([]);
  }

  test('after its leader has stood in for a while: neither the spec nor an owner is turned back', async () => {
    const { system, crowd } = started();
    const { file, table } = await changedSinceSnapshot();
    const closes = crowd.closes.length;
    const leader = await system.leader();
    await brokers().redis.kill();
    await until('the leader stands in', () => leader?.process.has('lock-away') === true);
    await brokers().redis.start();
    rmSync(file);
    await until('the one that knows all changes leads again', () => leader?.process.has('lock-back') === true);
    await nothingHasChanged(table, closes);
  });

  test('with RabbitMQ away, too, so that nobody leads: the next leader goes on from the ring that its process has seen', async () => {
    const { system, crowd } = started();
    const { file, table } = await changedSinceSnapshot();
    const closes = crowd.closes.length;
    brokers().rabbitmq.freeze();
    await brokers().redis.kill();
    await until('nobody leads', async () => (await system.leader()) === undefined);
    await brokers().redis.start();
    rmSync(file);
    await until('one leads', async () => (await system.leader()) !== undefined);
    await until('it answers', async () => (await system.api('GET', '')).status === 200);
    await until('a ring of its epoch is stored', async () => (await system.ring()).revision.epoch > 1, 20_000);
    expect((await system.ring()).table).toEqual(table);
    brokers().rabbitmq.thaw();
    await nothingHasChanged(table, closes);
  });

  test('its leader is started anew meanwhile, and knows nothing: what the standby has seen counts', async () => {
    const { system, crowd } = started();
    const { file, table } = await changedSinceSnapshot();
    const closes = crowd.closes.length;
    const leader = await system.leader();
    if (leader === undefined) throw new Error('nobody leads');
    await documentsAreRead(brokers().redis.url);
    await brokers().redis.kill();
    await leader.process.end('SIGKILL');
    await brokers().redis.start();
    rmSync(file);
    system.startController(system.controllers.indexOf(leader));
    await until('one leads', async () => (await system.leader()) !== undefined);
    await until('the newest spec is in force', async () =>
      (await system.api('GET', '')).text.includes('"generation":4'),
    );
    await nothingHasChanged(table, closes);
  });
});
