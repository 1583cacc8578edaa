import { describe, expect, test } from 'vitest';
import { allCounted } from './support/counted.ts';
import { leastMovedToNew, spread } from './support/least-moves.ts';
import { type CrowdedSystem, useCrowd } from './support/use-crowd.ts';
import { until } from './support/wait.ts';

async function addNode({ system }: CrowdedSystem, nodes: number): Promise<string> {
  const id = await system.addNode();
  await until('the node is on the ring', async () => (await system.ring()).members.some(({ nodeId }) => nodeId === id));
  await system.settled(nodes);
  return id;
}

describe('with 300 clients on four nodes, a fifth one joins', () => {
  const started = useCrowd(300, { nodes: 4, gateways: 2 });

  test('as few clients move as can be, once each, and then no node has more than its share and 5 %', async () => {
    const { system, crowd } = started();
    await allCounted(system, 300);
    const keys = crowd.clients.map(({ key }) => key);
    const ownerBefore = await system.owners();
    const nodes = (await system.ring()).members.map(({ nodeId }) => nodeId);
    const least = leastMovedToNew(spread(keys, ownerBefore, nodes));
    const id = await addNode(started(), 5);
    const ownerAfter = await system.owners();
    await until('every client is with its owner', () =>
      crowd.clients.every(({ key, node }) => node === ownerAfter(key)),
    );

    const moved = crowd.keys(({ key }) => ownerBefore(key) !== ownerAfter(key));
    expect(moved).toHaveLength(least);
    expect(crowd.keys(({ closes }) => closes.length > 0)).toEqual(moved);
    expect(crowd.closes).toHaveLength(least);
    expect(Math.max(...spread(keys, ownerAfter, [...nodes, id]))).toBeLessThanOrEqual(1.05 * (300 / 5));
    for (const { slots } of (await system.ring()).members) expect([13_107, 13_108]).toContain(slots);
    expect(await crowd.quiet()).toEqual([]);
  });
});

describe('with 300 clients on four nodes and the strategy lazy', () => {
  const started = useCrowd(300, { nodes: 4, gateways: 2, rebalance: { strategy: 'lazy' } });

  test('a fifth node gets its share of the slots, and no client moves', async () => {
    const { system, crowd } = started();
    await allCounted(system, 300);
    const ownerBefore = await system.owners();
    const id = await addNode(started(), 5);
    const { members } = await system.ring();
    expect(members.find(({ nodeId }) => nodeId === id)?.slots).toBeGreaterThanOrEqual(13_107);
    const ownerAfter = await system.owners();
    expect(crowd.keys(({ key }) => ownerBefore(key) !== ownerAfter(key))).toEqual([]);
    expect(await crowd.quiet()).toEqual([]);
    expect(crowd.closes).toEqual([]);
  });

  test('the clients of a node that is drained move at once', async () => {
    const { system, crowd } = started();
    await allCounted(system, 300);
    const ownerBefore = await system.owners();
    const [leaving] = (await system.ring()).members;
    const own = crowd.keys(({ key }) => ownerBefore(key) === leaving?.nodeId);
    expect((await system.api('DELETE', `/nodes/${leaving?.nodeId}?mode=drain`)).status).toBe(202);
    await until('the node is gone', async () => (await system.nodes()).every(({ id }) => id !== leaving?.nodeId));
    await system.settled(3);
    const ownerAfter = await system.owners();
    await until('every client is with its owner', () =>
      crowd.clients.every(({ key, node }) => node === ownerAfter(key)),
    );
    expect(crowd.keys(({ closes }) => closes.length > 0)).toEqual(own);
    expect(crowd.closes).toHaveLength(own.length);
  });
});
