import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Member } from './member.ts';
import { createRing, EMPTY_RING, movedSlots, NO_OWNER, ownerOf, type Ring, SLOTS, slotCounts } from './ring.ts';

const member = (nodeId: string, more: Partial<Member> = {}): Member => ({
  ringId: 1,
  nodeId,
  address: 'localhost:1',
  weight: 1,
  state: 'ready',
  ...more,
});

/** A ring of some of eight nodes, in any order, whose table repeats a pattern. */
const someRing: fc.Arbitrary<Ring> = fc
  .tuple(
    fc.shuffledSubarray(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']),
    fc.array(fc.nat(8), { minLength: 1, maxLength: 50 }),
  )
  .map(([nodeIds, pattern]) => {
    const entryOf = (n: number) => (n < nodeIds.length ? n : NO_OWNER);
    const table = tableOf(...pattern.map(entryOf));
    const members = nodeIds.map((nodeId) => member(nodeId));
    return createRing({ epoch: 1, version: 1 }, members, table);
  });

describe('a ring', () => {
  test('knows the owner of each slot, or that there is none', () => {
    const table = new Uint16Array(SLOTS).fill(NO_OWNER);
    table[5] = 1;
    const ring = createRing({ epoch: 1, version: 1 }, [member('a'), member('b')], table);
    expect(ownerOf(ring, 5)?.nodeId).toBe('b');
    expect(ownerOf(ring, 6)).toBeUndefined();
    expect(ownerOf(EMPTY_RING, 0)).toBeUndefined();
    expect([...slotCounts(ring)]).toEqual([0, 1]);
  });

  test('has moved the slots whose node differs, just as a slot-by-slot comparison finds', () => {
    const slots = [...Array(SLOTS).keys()];
    fc.assert(
      fc.property(someRing, someRing, (from, to) => {
        const naive = slots.filter((slot) => ownerOf(from, slot)?.nodeId !== ownerOf(to, slot)?.nodeId);
        // toEqual takes its time over 65,536 numbers
        expect(isDeepStrictEqual(movedSlots(from, to), naive)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('has moved nothing when only its members’ order, address or state changed', () => {
    const from = createRing({ epoch: 1, version: 1 }, [member('a'), member('b')], tableOf(0, 1));
    const to = createRing({ epoch: 1, version: 2 }, [member('b', { state: 'draining' }), member('a')], tableOf(1, 0));
    expect(movedSlots(from, to)).toEqual([]);
  });

  test('has another digest when anything changes that routing sees', () => {
    const digest = (members: Member[], table = tableOf(0)) =>
      createRing({ epoch: 1, version: 1 }, members, table).digest;
    const first = digest([member('a'), member('b')]);
    expect(digest([member('a'), member('b')])).toBe(first);
    const others = [
      digest([member('a'), member('b')], tableOf(0, 1)),
      digest([member('b'), member('a')]),
      digest([member('a')]),
      ...[{ ringId: 2 }, { address: 'x:1' }, { weight: 2 }, { state: 'unready' } as const].map((change) =>
        digest([member('a', change), member('b')]),
      ),
    ];
    expect(new Set([first, ...others]).size).toBe(others.length + 1);
  });
});

function tableOf(...pattern: number[]): Uint16Array {
  return new Uint16Array(SLOTS).map((_, slot) => pattern[slot % pattern.length] ?? 0);
}
