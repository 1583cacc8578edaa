import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_OWNER, SLOTS } from '../ring.ts';
import { Assigner, DEFAULT_CAP, MAX_CAP, MIN_CAP, memberCaps } from './assigner.ts';
import type { WeightedId } from './candidates.ts';
import { pairCost } from './cost.ts';

const equal = (ringIds: readonly number[]): WeightedId[] => ringIds.map((ringId) => ({ ringId, weight: 1 }));
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const fromScratch = (members: readonly WeightedId[], cap?: number) => new Assigner().assign(members, cap);
/** Shrinking a failure would take minutes here; fast-check prints the seed to repeat it. */
const RUNS = { numRuns: 5, endOnFailure: true };
const sha256 = (table: Uint16Array) => createHash('sha256').update(new Uint8Array(table.buffer)).digest('hex');

function countOf(table: Uint16Array): (ringId: number) => number {
  const counts = new Uint32Array(0x1_0000);
  for (const ringId of table) counts[ringId] = (counts[ringId] ?? 0) + 1;
  return (ringId) => counts[ringId] ?? 0;
}

function movedBetween(a: Uint16Array, b: Uint16Array): number {
  return a.reduce((moved, ringId, slot) => moved + (ringId === b[slot] ? 0 : 1), 0);
}

const ringIds = (minLength: number, maxLength: number) => fc.uniqueArray(fc.nat(0xfffe), { minLength, maxLength });
const weight = fc.constantFrom(0.25, 0.5, 1, 1, 1, 1.5, 2, 3, 7.7);
const someMembers = (minLength: number, maxLength: number) =>
  fc.uniqueArray(fc.record({ ringId: fc.nat(0xfffe), weight }), {
    minLength,
    maxLength,
    selector: ({ ringId }) => ringId,
  });
const someCap = fc.constantFrom(MIN_CAP, 1.01, DEFAULT_CAP, 1.05, 1.1, MAX_CAP);

describe('the target', () => {
  const golden = JSON.parse(readFileSync(new URL('../../vectors/targets.json', import.meta.url), 'utf8')).vectors as {
    members: [number, number][];
    cap: number;
    sha256: string;
  }[];
  test.each(golden.map((vector) => [vector.members.length, vector.cap, vector] as const))(
    'of %i members with cap %f is the published one, bit for bit',
    (_count, cap, vector) => {
      const members = vector.members.map(([ringId, weight]) => ({ ringId, weight }));
      expect(sha256(fromScratch(members, cap))).toBe(vector.sha256);
    },
  );

  test('is the same again for the same members, whatever was done to the last one, and another one for others', () => {
    const assigner = new Assigner();
    const members = [
      { ringId: 3, weight: 1 },
      { ringId: 1, weight: 2 },
    ];
    assigner.assign(members).fill(NO_OWNER);
    expect(sha256(assigner.assign(members.toReversed()))).toBe(sha256(fromScratch(members)));
    const heavier = members.map((member) => ({ ...member, weight: member.ringId }));
    expect(sha256(assigner.assign(heavier))).toBe(sha256(fromScratch(heavier)));
    expect(sha256(assigner.assign(heavier, MAX_CAP))).toBe(sha256(fromScratch(heavier, MAX_CAP)));
  });

  test('of no members has no owners', () => {
    expect(countOf(fromScratch([]))(NO_OWNER)).toBe(SLOTS);
  });

  test('of one member gives it all slots', () => {
    expect(countOf(fromScratch([{ ringId: 7, weight: 0.01 }]))(7)).toBe(SLOTS);
  });

  test('leaves no slot and member that would both rather have each other, and nobody above its cap', () => {
    fc.assert(
      fc.property(someMembers(2, 40), someCap, (members, cap) => {
        expectStable(fromScratch(members, cap), members, cap);
      }),
      RUNS,
    );
  });

  test('is stable for 60 members at the tightest cap, where slots ask many members', () => {
    const members = equal(range(1000, 1060));
    expectStable(fromScratch(members, MIN_CAP), members, MIN_CAP);
  });

  test('does not depend on the order of the members', () => {
    const shuffled = someMembers(2, 30).chain((members) =>
      fc.tuple(fc.constant(members), fc.shuffledSubarray(members, { minLength: members.length })),
    );
    fc.assert(
      fc.property(shuffled, ([members, reordered]) => sha256(fromScratch(members)) === sha256(fromScratch(reordered))),
      RUNS,
    );
  });

  test('does not depend on what the assigner computed before', () => {
    const step = fc.record({
      remove: fc.array(fc.nat(), { maxLength: 2 }),
      add: fc.array(fc.nat(99), { maxLength: 2 }),
      reweight: fc.option(fc.tuple(fc.nat(), weight)),
      cap: someCap,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.array(step, { minLength: 1, maxLength: 8 }), (first, steps) => {
        const assigner = new Assigner();
        const weights = new Map(range(0, first).map((ringId) => [ringId, 1]));
        const nth = (n: number) => [...weights.keys()][n % weights.size] ?? 0;
        const members = () => [...weights].map(([ringId, weight]) => ({ ringId, weight }));
        assigner.assign(members());
        let table: Uint16Array = new Uint16Array();
        for (const { remove, add, reweight, cap } of steps) {
          for (const n of remove) if (weights.size > 1) weights.delete(nth(n));
          for (const ringId of add) weights.set(ringId, 1);
          if (reweight !== null) weights.set(nth(reweight[0]), reweight[1]);
          table = assigner.assign(members(), cap);
        }
        expect(sha256(table)).toBe(sha256(fromScratch(members(), steps.at(-1)?.cap)));
      }),
      // A step takes little time, an assigner that begins a lot.
      { ...RUNS, numRuns: 3 },
    );
  });

  test('comes back when members go and return, however long that goes on', () => {
    const assigner = new Assigner();
    const before = sha256(assigner.assign(equal(range(0, 30))));
    for (let round = 0; round < 15; round++) assigner.assign(equal(range(round % 7, 30 - (round % 5))));
    assigner.assign([]);
    expect(sha256(assigner.assign(equal(range(0, 30))))).toBe(before);
  });

  test('is not shared with the next one', () => {
    const assigner = new Assigner();
    const first = assigner.assign(equal([1, 2, 3]));
    const digest = sha256(first);
    assigner.assign(equal([1, 2]));
    expect(sha256(first)).toBe(digest);
  });
});

describe('shares', () => {
  test('follow the weights, between the cap and what chance takes away', () => {
    fc.assert(
      fc.property(someMembers(2, 25), (members) => {
        const count = countOf(fromScratch(members));
        const total = members.reduce((sum, { weight }) => sum + weight, 0);
        for (const { ringId, weight } of members) {
          const fair = (SLOTS * weight) / total;
          // Without caps the number of slots is binomial: six standard deviations
          expect(count(ringId)).toBeGreaterThan(fair - 6 * Math.sqrt(fair));
          expect(count(ringId)).toBeLessThanOrEqual(Math.ceil(DEFAULT_CAP * fair));
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
});

// Bounds: three standard deviations above the means measured over many sets of members
describe('a change moves little more than it must:', () => {
  test('one member more takes its share, mostly from others straight to it', () => {
    fc.assert(
      fc.property(ringIds(4, 25), (ids) => {
        const assigner = new Assigner();
        const [added = 0, ...others] = ids;
        const before = assigner.assign(equal(others));
        const after = assigner.assign(equal(ids));
        const share = countOf(after)(added);
        const moved = movedBetween(before, after);
        expect(moved).toBeGreaterThanOrEqual(share);
        expect(moved).toBeLessThan(1.2 * (SLOTS / ids.length));
      }),
      RUNS,
    );
  });

  test('one member fewer moves its slots, and few others', () => {
    fc.assert(
      fc.property(ringIds(4, 25), (ids) => {
        const assigner = new Assigner();
        const [removed = 0, ...others] = ids;
        const before = assigner.assign(equal(ids));
        const after = assigner.assign(equal(others));
        const share = countOf(before)(removed);
        const moved = movedBetween(before, after);
        expect(moved).toBeGreaterThanOrEqual(share);
        expect(moved).toBeLessThan(1.1 * share);
      }),
      RUNS,
    );
  });

  test('a heavier weight moves slots to its member, and few others', () => {
    const assigner = new Assigner();
    const members = equal(range(0, 20));
    const before = assigner.assign(members);
    const after = assigner.assign(members.map((member) => (member.ringId === 5 ? { ringId: 5, weight: 2 } : member)));
    const gained = countOf(after)(5) - countOf(before)(5);
    expect(gained).toBeGreaterThan(0.95 * (SLOTS * (2 / 21 - 1 / 20)));
    expect(movedBetween(before, after)).toBeLessThan(1.1 * gained);
  });

  test('the same weights on another scale move nothing', () => {
    const members = [1, 2, 3, 4].map((weight) => ({ ringId: weight, weight }));
    const scaled = members.map(({ ringId, weight }) => ({ ringId, weight: weight * 4 }));
    expect(sha256(fromScratch(scaled))).toBe(sha256(fromScratch(members)));
  });
});

describe('an input that makes no sense', () => {
  const good = { ringId: 1, weight: 1 };
  test.each<[string, WeightedId[], number]>([
    ['cap', [good], 1],
    ['cap', [good], 2.1],
    ['cap', [good], Number.NaN],
    ['members.1.ringId', [good, { ringId: 1, weight: 2 }], 1.02],
    ['members.0.ringId', [{ ringId: -1, weight: 1 }], 1.02],
    ['members.0.ringId', [{ ringId: NO_OWNER, weight: 1 }], 1.02],
    ['members.0.ringId', [{ ringId: 0.5, weight: 1 }], 1.02],
    ['members.1.weight', [good, { ringId: 2, weight: 0 }], 1.02],
    ['members.1.weight', [good, { ringId: 2, weight: 1001 }], 1.02],
    ['members.1.weight', [good, { ringId: 2, weight: Number.NaN }], 1.02],
    ['members', equal(range(0, 4097)), 1.02],
  ])('is refused by name: %s', (field, members, cap) => {
    const assigner = new Assigner();
    const before = sha256(assigner.assign(equal([1, 2, 3])));
    expect(() => assigner.assign(members, cap)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', field, message: expect.stringContaining(`${field}: `) }),
    );
    expect(sha256(assigner.assign(equal([1, 2, 3])))).toBe(before);
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
