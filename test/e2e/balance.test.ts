import { describe, expect, test } from 'vitest';
import { useCrowd } from './support/use-crowd.ts';
import { until } from './support/wait.ts';

describe('with 90 clients on three nodes, those of two nodes go away', () => {
  const started = useCrowd(90, { nodes: 3, gateways: 2, rebalance: { halfLifeSeconds: 3 } });

  test('as few of the others move as make the nodes even again, once each', async () => {
    const { system, crowd } = started();
    const [full] = (await system.ring()).members;
    const stay = crowd.clients.filter(({ node }) => node === full?.nodeId);
    for (const client of crowd.clients) if (!stay.includes(client)) client.stop();
    const most = Math.ceil(stay.length / 3);
    await until('no node has more than its share', async () => {
      const counts = (await system.nodes()).map(({ connections }) => connections);
      return counts.reduce((sum, count) => sum + count, 0) === stay.length && Math.max(...counts) <= most;
    });
    const owner = await system.owners();
    await until('every client is with its owner', () => stay.every(({ key, node }) => node === owner(key)));
    const moved = stay.filter(({ closes }) => closes.length > 0);
    expect(moved).toHaveLength(stay.length - most);
    expect(moved.flatMap(({ closes }) => closes.map(({ code }) => code))).toEqual(moved.map(() => 1012));
    expect(stay.flatMap(({ faults }) => faults)).toEqual([]);
  });
});
