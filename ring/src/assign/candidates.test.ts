import { describe, expect, test } from 'vitest';
import { Candidates, type WeightedId } from './candidates.ts';
import { pairCost } from './cost.ts';

const equal = (ringIds: readonly number[]): WeightedId[] => ringIds.map((ringId) => ({ ringId, weight: 1 }));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

/** All members in the order of a slot, by sorting. */
function naiveOrder(slot: number, of: readonly WeightedId[]): number[] {
  return of
    .map(({ ringId, weight }) => ({ ringId, cost: pairCost(slot, ringId, weight) }))
    .sort((a, b) => a.cost - b.cost || a.ringId - b.ringId)
    .map(({ ringId }) => ringId);
}

/** The whole order of a slot, asked for one position after the other. */
function orderOf(candidates: Candidates, slot: number, of: readonly WeightedId[]): number[] {
  return of.map((_, position) => {
    const ringId = candidates.ringId(slot, position);
    const { weight } = of.find((member) => member.ringId === ringId) ?? { weight: Number.NaN };
    expect(candidates.cost(slot, position)).toBe(pairCost(slot, ringId, weight));
    return ringId;
  });
}

describe('the candidates of a slot', () => {
  test.each([1, 2, 6, 7, 100])('are all %i members in order of cost', (count) => {
    const all = range(0, count).map((n) => ({ ringId: n * 3, weight: 0.1 + ((n * 37) % 101) }));
    // Slots do not know of each other: a few are as good as all 65,536, but for the last one.
    const slots = count === 2 ? [0, 1, 4711, 65_535] : [0, 1, 4711];
    const candidates = new Candidates(all, Math.max(...slots) + 1);
    for (const slot of slots) expect(orderOf(candidates, slot, all)).toEqual(naiveOrder(slot, all));
  });

  test('are in order too when one member has nearly all of the weight', () => {
    const all = range(0, 25).map((ringId) => ({ ringId, weight: ringId === 7 ? 1000 : 0.01 }));
    const candidates = new Candidates(all, 50);
    for (const slot of range(0, 50)) expect(orderOf(candidates, slot, all)).toEqual(naiveOrder(slot, all));
  });

  test('of equal cost go by ring id', () => {
    // With one weight no two pairs of a slot cost the same, as the hash is one to one; with these weights two do.
    const slot = 4711;
    const low = { ringId: 100, weight: 1 };
    const high = { ringId: 200, weight: pairCost(slot, 200, 1) / pairCost(slot, low.ringId, 1) };
    expect(pairCost(slot, high.ringId, high.weight)).toBe(pairCost(slot, low.ringId, low.weight));
    const all = [...equal(range(0, 10)), low, high, ...equal(range(300, 310))];
    const expected = naiveOrder(slot, all);
    expect(expected.indexOf(high.ringId)).toBe(expected.indexOf(low.ringId) + 1);
    expect(orderOf(new Candidates(all, slot + 1), slot, all)).toEqual(expected);
  });
});
