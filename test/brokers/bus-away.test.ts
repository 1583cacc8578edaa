import { describe, expect, test } from 'vitest';
import { MoveMeter } from '../e2e/support/move-meter.ts';
import { useCrowd } from '../e2e/support/use-crowd.ts';
import { until } from '../e2e/support/wait.ts';
import { useBrokers } from './support/brokers.ts';

/** Connections a second. */
const PACE = 10;
const GATEWAYS = 3;

describe('RabbitMQ is away or blocked while owners change, with 200 clients at a pace of 10 a second', () => {
  const brokers = useBrokers();
  let count = 0;
  const started = useCrowd(200, () => ({
    nodes: 3,
    gateways: GATEWAYS,
    brokers: brokers().urls,
    name: `deaf-${++count}`,
    rebalance: { maxConnectionsPerSecond: PACE },
    // A shorter drain may raise the pace, so that it ends in time.
    drainSeconds: 60,
  }));

  /**
   * In no span of time were there more moves than the pace allows, and one of each gateway, which it begins with, and
   * one more.
   */
  async function paceWasKept(meter: MoveMeter): Promise<void> {
    expect(await meter.stop()).toBe(started().crowd.closes.length);
    expect(meter.excess(PACE)).toBeLessThanOrEqual(GATEWAYS + 1);
  }

  async function everyClientIsWithItsOwner(deadlineMs: number): Promise<void> {
    const { system, crowd } = started();
    await until(
      'every client is with its owner',
      async () => {
        const owner = await system.owners();
        return crowd.clients.every(({ key, node }) => node === owner(key));
      },
      deadlineMs,
      200,
    );
  }

  async function nodeIsReady(id: string): Promise<void> {
    await until(
      'the new node owns slots',
      async () => (await started().system.ring()).members.some(({ nodeId, slots }) => nodeId === id && slots > 10_000),
      30_000,
      200,
    );
  }

  test('it is blocked by its memory alarm while a node drains: its clients move, and none is cut off', async () => {
    const { system, crowd } = started();
    const [victim] = (await system.ring()).members;
    const ownerBefore = await system.owners();
    const leaving = crowd.keys(({ key }) => ownerBefore(key) === victim?.nodeId);
    const meter = new MoveMeter(system);
    await brokers().rabbitmq.ctl('set_vm_memory_high_watermark', '0.00001');
    try {
      await until('the outage is noticed', async () => (await system.api('GET', '')).text.includes('BusUnavailable'));
      expect((await system.api('DELETE', `/nodes/${victim?.nodeId}`)).status).toBeLessThan(300);
      await until(
        'its clients have moved',
        () => crowd.clients.every(({ node }) => node !== undefined && node !== victim?.nodeId),
        30_000,
      );
      const left = crowd.closes.filter(({ node }) => node === victim?.nodeId);
      expect(left).toHaveLength(leaving.length);
      expect(left.map(({ code }) => code).filter((code) => code !== 1012)).toEqual([]);
    } finally {
      await brokers().rabbitmq.ctl('set_vm_memory_high_watermark', '0.4');
    }
    await system.settled(2, 60_000);
    await everyClientIsWithItsOwner(60_000);
    await paceWasKept(meter);
    expect(await crowd.quiet()).toEqual([]);
  });

  test('a node is added: live clients move by releases in the store, each once, at the pace', async () => {
    const { system, crowd } = started();
    const ownerBefore = await system.owners();
    const meter = new MoveMeter(system);
    brokers().rabbitmq.freeze();
    await until('the outage is noticed', async () => (await system.api('GET', '')).text.includes('BusUnavailable'));
    await nodeIsReady(await system.addNode());
    await everyClientIsWithItsOwner(30_000);
    const ownerAfter = await system.owners();
    const changed = crowd.keys(({ key }) => ownerBefore(key) !== ownerAfter(key));
    expect(crowd.keys((client) => client.closes.length > 0)).toEqual(changed);
    expect(crowd.closes).toHaveLength(changed.length);
    await paceWasKept(meter);
    expect(await crowd.quiet()).toEqual([]);
    brokers().rabbitmq.thaw();
  });

  test('it comes back in the middle of the moves: they go on at the pace', async () => {
    const { system, crowd } = started();
    const meter = new MoveMeter(system);
    brokers().rabbitmq.freeze();
    await until('the outage is noticed', async () => (await system.api('GET', '')).text.includes('BusUnavailable'));
    await nodeIsReady(await system.addNode());
    await until('the first clients have moved', () => crowd.closes.length > 0, 20_000);
    brokers().rabbitmq.thaw();
    await system.settled(4, 60_000);
    await everyClientIsWithItsOwner(60_000);
    await paceWasKept(meter);
    expect(await crowd.quiet()).toEqual([]);
  });
});
