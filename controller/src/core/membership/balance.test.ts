import { nextTable, SLOTS } from '@wscluster/ring';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { balanceOf, isOutside } from './balance.ts';
import { Balancer } from './balancer.ts';
import type { Measured } from './measured.ts';
import { type NodeShare, nodeShares } from './node-shares.ts';

const connected = (connections: Uint32Array, tolerance = 0.05): Measured => ({
  ...{ connections, load: connections, unit: 1, tolerance },
});
const seatsOf = (weights: readonly number[]) => weights.map((weight, ringId) => ({ ringId, weight, member: ringId }));
const four = seatsOf([1, 1, 1, 1]);
const table = nextTable({ members: four });
/** So many connections on slots of each node, one a slot. */
const spread = (counts: readonly number[]) => {
  const left = [...counts];
  return Uint32Array.from(table, (ringId) => {
    const more = left[ringId] ?? 0;
    left[ringId] = more - 1;
    return Number(more > 0);
  });
};
const peak = (nodes: readonly NodeShare[]) => Math.max(...nodes.map(({ load, share }) => load / share));
const farthest = (nodes: readonly NodeShare[]) =>
  Math.max(...nodes.map(({ load, share }) => Math.abs(load - share) / share));

describe('balance without a change of nodes', () => {
  const budget = 1_000_000;
  const balance = (counts: readonly number[], tolerance = 0.05) =>
    balanceOf({ seats: four, table, measured: connected(spread(counts), tolerance), budget });

  test('begins at twice the tolerance and ends within one, with the fewest connections moved', () => {
    expect(balance([1_090, 1_000, 1_000, 910])).toBeUndefined();
    const { table: next, connections } = balance([1_200, 1_000, 1_000, 800]) ?? expect.fail();
    // From 1,200 to 1,050, and from 800 to 950.
    expect(connections).toBe(150);
    expect(nodeShares(four, next, connected(spread([1_200, 1_000, 1_000, 800]))).map(({ load }) => load)).toEqual([
      1_050, 1_000, 1_000, 950,
    ]);
  });

  test('a node that has too few is enough to begin', () => {
    const { table: next } = balance([1_060, 1_060, 1_060, 820]) ?? expect.fail();
    expect(farthest(nodeShares(four, next, connected(spread([1_060, 1_060, 1_060, 820]))))).toBeLessThanOrEqual(0.05);
  });

  test('each node keeps its number of slots', () => {
    const { table: next } = balance([2_000, 500, 500, 500]) ?? expect.fail();
    for (const { ringId } of four) expect(next.filter((owner) => owner === ringId)).toHaveLength(SLOTS / 4);
  });

  test.each([
    ['one client', [1, 0, 0, 0]],
    ['ten clients a node', [18, 4, 9, 9]],
    ['300 clients, spread as chance does', [90, 60, 80, 70]],
  ])('moves nobody for %s: chance would undo it', (_, counts) => {
    expect(balance(counts)).toBeUndefined();
  });

  test('few clients are moved when they are farther apart than by chance', () => {
    expect(balance([150, 50, 50, 50])?.connections).toBe(72);
  });

  test('tolerance 0 has an end too', () => {
    const first = balance([1_200, 1_000, 1_000, 800], 0);
    expect(first).toBeDefined();
    const measured = connected(spread([1_200, 1_000, 1_000, 800]), 0);
    expect(balanceOf({ seats: four, table: first?.table ?? table, measured, budget })).toBeUndefined();
  });

  test('a slot that is too much for any node stays, and its neighbours make room once', () => {
    const connections = spread([1_000, 1_000, 1_000, 1_000]);
    const hot = connections.indexOf(1, 10);
    connections[hot] = 5_000;
    const measured = connected(connections);
    const { table: next } = balanceOf({ seats: four, table, measured, budget }) ?? expect.fail();
    expect(next[hot]).toBe(table[hot]);
    const owner = nodeShares(four, next, measured).find(({ ringId }) => ringId === table[hot]);
    expect(owner?.load).toBe(5_000);
    expect(balanceOf({ seats: four, table: next, measured, budget })).toBeUndefined();
  });

  test('a larger load that moves with few connections is worth it, one that takes most of them is not', () => {
    const connections = spread([1_000, 1_000, 1_000, 1_000]);
    const load = connections.slice();
    const own = [...table.keys()].filter((slot) => table[slot] === 0 && connections[slot] === 1);
    for (const slot of own.slice(0, 10)) load[slot] = 100;
    const few = balanceOf({ seats: four, table, measured: { ...connected(connections), load }, budget });
    expect(few?.connections).toBeLessThan(20);

    const crowded = spread([0, 1_000, 1_000, 1_000]);
    const light = crowded.slice();
    for (const slot of own.slice(0, 11)) {
      crowded[slot] = 50_000;
      light[slot] = 115;
    }
    const costly = { seats: four, table, measured: { ...connected(crowded), load: light }, budget };
    expect(isOutside(costly)).toBe(true);
    expect(balanceOf(costly)).toBeUndefined();
  });

  test('never moves more than the budget, more than pays, or what need not move; and ends', () => {
    const rings = ['1', '1,1,1', '0.5,1,2', '1,1,2,1,0.5,1'].map((weights) => {
      const seats = seatsOf(weights.split(',').map(Number));
      return [weights, { seats, present: nextTable({ members: seats }) }] as const;
    });
    const ringOf = new Map(rings);
    // Shares are sums of fractions.
    const rounding = 1e-9;
    const input = fc.record({
      weights: fc.constantFrom(...ringOf.keys()),
      seed: fc.integer(),
      busy: fc.integer({ min: 1, max: 20_000 }),
      most: fc.constantFrom(1, 1, 3, 40),
      skew: fc.constantFrom(1, 2, 5),
      budget: fc.constantFrom(10, 500, 1_000_000),
      tolerance: fc.constantFrom(0, 0.02, 0.05, 0.2),
    });
    fc.assert(
      fc.property(input, ({ weights, seed, busy, most, skew, budget, tolerance }) => {
        const { seats, present } = ringOf.get(weights) ?? expect.fail();
        const random = randomFrom(seed);
        const connections = new Uint32Array(SLOTS);
        for (let count = 0; count < busy; count++) {
          const slot = Math.floor(random() * SLOTS);
          if (present[slot] === 0 || random() < 1 / skew) connections[slot] = 1 + Math.floor(random() * most);
        }
        const measured = connected(connections, tolerance);
        const start = { seats, table: present, measured, budget };
        const found = balanceOf(start);
        expect(balanceOf(start)).toEqual(found);
        if (found === undefined) return;
        expect(isOutside(start)).toBe(true);
        expect(found.connections).toBeLessThanOrEqual(budget);
        const [before, after] = [present, found.table].map((of) => nodeShares(seats, of, measured));
        const within = Math.max(...(before ?? []).map(({ share }) => Math.max(1 / share, Math.max(tolerance, 0.01))));
        expect(peak(after ?? [])).toBeLessThanOrEqual(Math.max(peak(before ?? []), 1 + within) + rounding);
        // With one connection a slot, everything is possible.
        if (most === 1 && budget === 1_000_000)
          for (const { load, share } of after ?? [])
            expect(Math.abs(load - share)).toBeLessThanOrEqual(
              Math.max(1, Math.max(tolerance, 0.01) * share) + rounding,
            );
        let [next, rounds]: [Uint16Array | undefined, number] = [found.table, 0];
        while (next !== undefined && ++rounds < 2_000)
          next = balanceOf({ ...start, table: next, budget: 1_000_000 })?.table;
        expect(rounds).toBeLessThan(10);
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});

describe('the balancer', () => {
  const lopsided = connected(spread([1_200, 1_000, 1_000, 800]));
  const input = { seats: four, table, measured: lopsided, calm: true, steadyMs: 30_000, perHour: 10_000 };

  test('waits until a node has been outside for a while', () => {
    const balancer = new Balancer();
    expect(balancer.next({ ...input, now: 0 })).toBeUndefined();
    expect(balancer.next({ ...input, now: 29_000 })).toBeUndefined();
    expect(balancer.next({ ...input, now: 30_000 })?.connections).toBe(150);
  });

  test.each([
    ['something else moves', { calm: false }],
    ['all are inside', { measured: connected(spread([1_000, 1_000, 1_000, 1_000])) }],
  ])('begins to wait again when %s meanwhile', (_, change) => {
    const balancer = new Balancer();
    balancer.next({ ...input, now: 0 });
    balancer.next({ ...input, ...change, now: 29_000 });
    expect(balancer.next({ ...input, now: 31_000 })).toBeUndefined();
    expect(balancer.next({ ...input, now: 60_000 })).toBeUndefined();
    expect(balancer.next({ ...input, now: 61_000 })).toBeDefined();
  });

  test('moves no more than an hour allows, and goes on when it does again', () => {
    const balancer = new Balancer();
    const paced = { ...input, perHour: 200 };
    balancer.next({ ...paced, now: 0 });
    expect(balancer.next({ ...paced, now: 30_000 })?.connections).toBe(150);
    balancer.next({ ...paced, now: 40_000 });
    const second = balancer.next({ ...paced, now: 80_000 });
    expect(second === undefined || second.connections <= 50).toBe(true);
    balancer.next({ ...paced, now: 3_600_000 });
    expect(balancer.next({ ...paced, now: 3_640_000 })?.connections).toBeGreaterThan(50);
  });

  test('with none an hour moves nobody', () => {
    const balancer = new Balancer();
    for (const now of [0, 30_000, 60_000]) expect(balancer.next({ ...input, perHour: 0, now })).toBeUndefined();
  });
});

function randomFrom(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
