import fc from 'fast-check';
import { expect, test } from 'vitest';
import { orderByOwner } from './slot-order.ts';

const NOBODY = 65_535;

test('owners come by ring id, slots within an owner by number, slots of nobody at the end', () => {
  const table = Uint16Array.from([0, 1, NOBODY, 0, 2, 1, 0]);
  const { slots, positions } = orderByOwner(table, [7, 2, 5]);
  expect([...slots]).toEqual([1, 5, 4, 0, 3, 6, 2]);
  expect([...positions]).toEqual([3, 0, 6, 4, 2, 1, 5]);
});

test('a ring without members is in the order of the slots', () => {
  expect([...orderByOwner(Uint16Array.from([NOBODY, NOBODY]), []).slots]).toEqual([0, 1]);
});

test('every slot has one place, and each owner one stretch', () => {
  const rings = fc
    .uniqueArray(fc.nat(65_534), { maxLength: 8 })
    .chain((ringIds) => fc.tuple(fc.constant(ringIds), fc.array(fc.oneof(fc.nat(8), fc.constant(NOBODY)))));
  fc.assert(
    fc.property(rings, ([ringIds, owners]) => {
      const { slots, positions } = orderByOwner(Uint16Array.from(owners), ringIds);
      expect([...slots].sort((a, b) => a - b)).toEqual([...owners.keys()]);
      expect([...slots.keys()].map((at) => positions[slots[at] ?? -1])).toEqual([...slots.keys()]);
      const shown = [...slots].map((slot) => ringIds[owners[slot] ?? -1] ?? Number.POSITIVE_INFINITY);
      expect(shown).toEqual([...shown].sort((a, b) => (a === b ? 0 : a - b)));
    }),
  );
});
