import { Agent } from 'node:http';
import { slotOf } from '@wscluster/ring';
import { describe, expect, test } from 'vitest';
import { http } from './support/http.ts';
import { useCrowd } from './support/use-crowd.ts';
import { until } from './support/wait.ts';

describe('a fourth node joins three, with 1,000 clients on two gateways', () => {
  const started = useCrowd(1000, { nodes: 3, gateways: 2 });

  test('exactly the clients whose owner changed get one Close 1012, are back on their owner, and nobody else notices', async () => {
    const { system, crowd } = started();
    const ownerBefore = await system.owners();
    const id = await system.addNode();
    await until('the node is ready', async () =>
      (await system.nodes()).some((n) => n.id === id && n.state === 'ready'),
    );
    await system.settled(4);
    const ownerAfter = await system.owners();
    const changed = crowd.keys(({ key }) => ownerBefore(key) !== ownerAfter(key));
    // How fast this goes is measured in bench/converge.bench.ts.
    await until('the moved clients are back', () => crowd.clients.every(({ key, node }) => node === ownerAfter(key)));

    expect(changed.length).toBeGreaterThan(200);
    expect(crowd.keys((client) => client.closes.length > 0)).toEqual(changed);
    expect(new Set(crowd.closes.map(({ code, reason }) => `${code} ${reason}`))).toEqual(
      new Set(['1012 owner changed']),
    );
    expect(crowd.closes).toHaveLength(changed.length);
    expect(changed.every((key) => ownerAfter(key) === id)).toBe(true);
    expect(await crowd.quiet()).toEqual([]);
  });

  test('both gateways and the API name the same owner for 10,000 keys', async () => {
    const { system } = started();
    const agent = new Agent({ keepAlive: true });
    const owners = await system.owners();
    const { members, table } = await system.ring();
    expect(members).toHaveLength(3);
    const keys = Array.from({ length: 10_000 }, (_, index) => `any-key-${index}`);
    const asked = async (gateway: number, key: string) =>
      (
        JSON.parse(
          (await http('GET', system.gatewayUrl(gateway, `/whoami?userId=${key}`), undefined, {}, agent)).text,
        ) as { node: string }
      ).node;
    for (let start = 0; start < keys.length; start += 50) {
      const batch = keys.slice(start, start + 50);
      const [first, second] = await Promise.all(
        [0, 1].map((gateway) => Promise.all(batch.map((key) => asked(gateway, key)))),
      );
      expect(first).toEqual(batch.map(owners));
      expect(second).toEqual(first);
    }
    agent.destroy();
    for (const key of keys.slice(0, 50)) {
      const owner = JSON.parse((await system.api('GET', `/owner?key=${key}`)).text) as { nodeId: string; slot: number };
      expect(owner).toMatchObject({ nodeId: owners(key), slot: slotOf(key) });
      expect(members[table[owner.slot] ?? -1]?.nodeId).toBe(owner.nodeId);
    }
  });
});
