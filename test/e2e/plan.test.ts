import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allCounted } from './support/counted.ts';
import { Crowd } from './support/crowd.ts';
import { System } from './support/system.ts';
import { until } from './support/wait.ts';

interface Flow {
  before: number;
  after: number;
  gained: number;
  lost: number;
}

interface Plan {
  slots: number;
  connections: number;
  unnoticed: { connections: number; exact: boolean };
  reasons: { text: string; connections: number }[];
  nodes: { id: string; slots: Flow; connections: Flow }[];
}

describe('with 1,000 clients on three nodes and two gateways, a plan is what then happens', () => {
  let system: System;
  let crowd: Crowd;
  beforeEach(async () => {
    system = await System.start({ nodes: 3, gateways: 2 });
    crowd = await Crowd.connect(system, 1000);
    await allCounted(system, 1000);
  });
  afterEach(async () => {
    crowd.stop();
    await system.stop();
  });

  const api = async (method: string, path: string, body?: unknown) => {
    const answer = await system.api(method, path, JSON.stringify(body), { 'content-type': 'application/json' });
    expect(answer.status, answer.text).toBeLessThan(300);
    return JSON.parse(answer.text) as unknown;
  };
  const patch = (spec: unknown) => api('PATCH', '', { spec });

  /** Plans a change, makes it, and compares slots and connections by node; a new node is new-1 in the plan. */
  const expectAsPlanned = async (change: unknown, make: () => Promise<unknown>, nodesAfter: number) => {
    const plan = (await api('POST', '/plan', { change })) as Plan;
    const before = await system.ring();
    const ownerBefore = await system.owners();
    const closesBefore = new Map(crowd.clients.map((client) => [client.key, client.closes.length]));
    await make();
    await until('the change has begun', async () => (await system.ring()).revision.version > before.revision.version);
    await system.settled(nodesAfter);
    const ownerAfter = await system.owners();
    await until('every client is with its owner', () =>
      crowd.clients.every(({ key, node }) => node === ownerAfter(key)),
    );

    const after = await system.ring();
    const owner = (ring: typeof before, slot: number) => ring.members[ring.table[slot] ?? -1]?.nodeId ?? '';
    const moved = before.table
      .map((_, slot) => [owner(before, slot), owner(after, slot)])
      .filter(([from, to]) => from !== to);
    const told = crowd.clients.filter((client) => client.closes.length > (closesBefore.get(client.key) ?? 0));
    expect(plan.slots).toBe(moved.length);
    expect(plan.connections).toBe(told.length);
    expect(plan.unnoticed).toEqual({ connections: 0, exact: true });
    expect(plan.reasons.reduce((sum, { connections }) => sum + connections, 0)).toBe(told.length);
    const fresh = after.members
      .map(({ nodeId }) => nodeId)
      .filter((id) => before.members.every(({ nodeId }) => nodeId !== id));
    for (const { id, slots, connections } of plan.nodes) {
      const real = id.startsWith('new-') ? (fresh.length === 1 ? fresh[0] : undefined) : id;
      if (real === undefined) continue;
      expect(slots).toMatchObject({
        before: before.table.filter((_, slot) => owner(before, slot) === real).length,
        after: after.table.filter((_, slot) => owner(after, slot) === real).length,
        lost: moved.filter(([from]) => from === real).length,
        gained: moved.filter(([, to]) => to === real).length,
      });
      expect(connections).toMatchObject({
        before: crowd.keys(({ key }) => ownerBefore(key) === real).length,
        after: crowd.keys(({ key }) => ownerAfter(key) === real).length,
        lost: told.filter(({ key }) => ownerBefore(key) === real).length,
        gained: told.filter(({ key }) => ownerAfter(key) === real).length,
      });
    }
    await allCounted(system, 1000);
    return plan;
  };

  test('for adding, reweighting, draining, and more and fewer replicas', async () => {
    const added = await expectAsPlanned({ add: 1 }, () => system.addNode(), 4);
    expect(added.connections).toBeGreaterThan(200);
    expect(added.reasons[0]).toMatchObject({ text: 'new-1 joins' });
    const [first, second] = (await system.ring()).members;
    await expectAsPlanned(
      { weights: { [first?.nodeId ?? '']: 2 } },
      () => patch({ nodes: { weights: { [first?.ringId ?? 0]: 2 } } }),
      4,
    );
    await expectAsPlanned({ remove: second?.nodeId }, () => system.api('DELETE', `/nodes/${second?.nodeId}`), 3);
    await expectAsPlanned({ replicas: 4 }, () => patch({ nodes: { replicas: 4 } }), 4);
    await expectAsPlanned({ replicas: 2 }, () => patch({ nodes: { replicas: 2 } }), 2);
    expect(await crowd.quiet()).toEqual([]);
  });
});
