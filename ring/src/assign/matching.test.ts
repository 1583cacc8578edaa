import { describe, expect, test } from 'vitest';
import { NO_OWNER, SLOTS } from '../ring.ts';
import { match, type Preferences } from './matching.ts';

/** Members 10, 20, 30, which every slot prefers in this order, at costs of our choice. */
const ringIds = Uint16Array.of(10, 20, 30);
const inOrder = (cost: (slot: number, position: number) => number): Preferences => ({
  ringId: (_slot, position) => ringIds[position] ?? NO_OWNER,
  cost,
});

const slotsOf = (table: Uint16Array, ringId: number) => [...table.keys()].filter((slot) => table[slot] === ringId);

describe('the matching', () => {
  test('gives every slot its cheapest member while there is room', () => {
    const table = match(
      inOrder(() => 1),
      ringIds,
      Uint32Array.of(SLOTS, 1, 1),
    );
    expect(slotsOf(table, 10)).toHaveLength(SLOTS);
  });

  test('lets a full member keep its cheapest slots, and sends the others on', () => {
    const table = match(
      inOrder((slot) => SLOTS - slot),
      ringIds,
      Uint32Array.of(3, 2, SLOTS),
    );
    expect(slotsOf(table, 10)).toEqual([SLOTS - 3, SLOTS - 2, SLOTS - 1]);
    expect(slotsOf(table, 20)).toEqual([SLOTS - 5, SLOTS - 4]);
    expect(slotsOf(table, 30)).toHaveLength(SLOTS - 5);
  });

  test('lets the lower slot win when a member has to choose between equal costs', () => {
    const table = match(
      inOrder(() => 1),
      ringIds,
      Uint32Array.of(300, 200, SLOTS),
    );
    expect(slotsOf(table, 10)).toEqual([...Array(300).keys()]);
    expect(slotsOf(table, 20)).toEqual([...Array(200).keys()].map((slot) => slot + 300));
  });

  test('leaves no slot over when the caps add up to just enough', () => {
    const table = match(
      inOrder((slot, position) => (slot * 7919 * (position + 1)) % 1009),
      ringIds,
      Uint32Array.of(1, 65_000, 535),
    );
    expect(table).not.toContain(NO_OWNER);
    expect([10, 20, 30].map((ringId) => slotsOf(table, ringId).length)).toEqual([1, 65_000, 535]);
  });
});
