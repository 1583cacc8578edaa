import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_OWNER, SLOTS } from '../ring.ts';

import type { WeightedId } from './candidates.ts';
import { pairCost } from './cost.ts';
import { CAP, memberCaps, rendezvousTable } from './rendezvous.ts';

const equal = (ringIds: readonly number[]): WeightedId[] => ringIds.map((ringId) => ({ ringId, weight: 1 }));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
/** Shrinking a failure would take minutes here; fast-check prints the seed to repeat it. */
const RUNS = { numRuns: 5, endOnFailure: true };
const sha256 = (table: Uint16Array) => createHash('sha256').update(new Uint8Array(table.buffer)).digest('hex');

function countOf(table: Uint16Array): (ringId: number) => number {
  const counts = new Uint32Array(0x1_0000);
  for (const ringId of table) counts[ringId] = (counts[ringId] ?? 0) + 1;
  return (ringId) => counts[ringId] ?? 0;
}

const weight = fc.constantFrom(0.25, 0.5, 1, 1, 1, 1.5, 2, 3, 7.7);
const someMembers = (minLength: number, maxLength: number) =>
  fc.uniqueArray(fc.record({ ringId: fc.nat(0xfffe), weight }), {
    minLength,
    maxLength,
    selector: ({ ringId }) => ringId,
  });
const TIGHT = 1.005;
const someCap = fc.constantFrom(TIGHT, 1.01, CAP, 1.05, 1.1, 2);

describe('the table from scratch', () => {
  const golden = JSON.parse(readFileSync(new URL('../../vectors/targets.json', import.meta.url), 'utf8')).vectors as {
    members: [number, number][];
    cap: number;
    sha256: string;
  }[];
  test.each(golden.map((vector) => [vector.members.length, vector.cap, vector] as const))(
    'of %i members with cap %f is the published one, bit for bit',
    (_count, cap, vector) => {
      const members = vector.members.map(([ringId, weight]) => ({ ringId, weight }));
      expect(sha256(rendezvousTable(members, cap))).toBe(vector.sha256);
    },
  );

  test('of no members has no owners', () => {
    expect(countOf(rendezvousTable([]))(NO_OWNER)).toBe(SLOTS);
  });

  test('of one member gives it all slots', () => {
    expect(countOf(rendezvousTable([{ ringId: 7, weight: 0.01 }]))(7)).toBe(SLOTS);
  });

  test('leaves no slot and member that would both rather have each other, and nobody above its cap', () => {
    fc.assert(
      fc.property(someMembers(2, 40), someCap, (members, cap) => {
        expectStable(rendezvousTable(members, cap), members, cap);
      }),
      RUNS,
    );
  });

  test('is stable for 60 members at the tightest cap, where slots ask many members', () => {
    const members = equal(range(1000, 1060));
    expectStable(rendezvousTable(members, TIGHT), members, TIGHT);
  });

  test('does not depend on the order of the members', () => {
    const shuffled = someMembers(2, 30).chain((members) =>
      fc.tuple(fc.constant(members), fc.shuffledSubarray(members, { minLength: members.length })),
    );
    fc.assert(
      fc.property(
        shuffled,
        ([members, reordered]) => sha256(rendezvousTable(members)) === sha256(rendezvousTable(reordered)),
      ),
      RUNS,
    );
  });
});

describe('shares', () => {
  test('follow the weights, between the cap and what chance takes away', () => {
    fc.assert(
      fc.property(someMembers(2, 25), (members) => {
        const count = countOf(rendezvousTable(members));
        const total = members.reduce((sum, { weight }) => sum + weight, 0);
        for (const { ringId, weight } of members) {
          const fair = (SLOTS * weight) / total;
          // Without caps the number of slots is binomial: six standard deviations
          expect(count(ringId)).toBeGreaterThan(fair - 6 * Math.sqrt(fair));
          expect(count(ringId)).toBeLessThanOrEqual(Math.ceil(CAP * fair));
        }
      }),
      RUNS,
    );
  });

  test('are capped at the cap times the fair share, rounded up', () => {
    expect([...memberCaps(equal([1, 2, 3]), 1.02)]).toEqual([22_283, 22_283, 22_283]);
    expect([
      ...memberCaps(
        [
          { ringId: 1, weight: 1 },
          { ringId: 2, weight: 3 },
        ],
        1.1,
      ),
    ]).toEqual([18_023, 54_068]);
    expect([...memberCaps(equal([1]), 1.1)]).toEqual([SLOTS]);
  });

  test('do not depend on the scale of the weights', () => {
    const members = [1, 2, 3, 4].map((weight) => ({ ringId: weight, weight }));
    const scaled = members.map(({ ringId, weight }) => ({ ringId, weight: weight * 4 }));
    expect(sha256(rendezvousTable(scaled))).toBe(sha256(rendezvousTable(members)));
  });
});

/** Stability defines the target, so this checks every slot against every member, without the assigner's short cuts. */
function expectStable(table: Uint16Array, members: readonly WeightedId[], cap: number): void {
  const ordered = members.toSorted((a, b) => a.ringId - b.ringId);
  const caps = memberCaps(ordered, cap);
  const weightOf = new Map(members.map(({ ringId, weight }) => [ringId, weight]));
  const costs = new Float64Array(SLOTS);
  /** By ring id: the slots that it owns, and among them the one that it would give up for a better one. */
  const counts = new Uint32Array(0x1_0000);
  const worsts = new Uint32Array(0x1_0000);
  for (let slot = 0; slot < SLOTS; slot++) {
    const ringId = table[slot] ?? NO_OWNER;
    const cost = pairCost(slot, ringId, weightOf.get(ringId) ?? Number.NaN);
    costs[slot] = cost;
    if (counts[ringId] === 0 || cost >= (costs[worsts[ringId] ?? 0] ?? 0)) worsts[ringId] = slot;
    counts[ringId] = (counts[ringId] ?? 0) + 1;
  }
  let blocking = 0;
  for (const [index, { ringId, weight }] of ordered.entries()) {
    const count = counts[ringId] ?? 0;
    expect(count).toBeLessThanOrEqual(caps[index] ?? 0);
    const room = count < (caps[index] ?? 0);
    const worst = worsts[ringId] ?? 0;
    const worstCost = costs[worst] ?? 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      const owner = table[slot] ?? NO_OWNER;
      if (owner === ringId) continue;
      const cost = pairCost(slot, ringId, weight);
      const ownerCost = costs[slot] ?? 0;
      const slotWould = cost < ownerCost || (cost === ownerCost && ringId < owner);
      if (slotWould && (room || cost < worstCost || (cost === worstCost && slot < worst))) blocking++;
    }
  }
  expect(blocking).toBe(0);
}
