import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_OWNER } from '../ring.ts';
import { nextTable } from './next-table.ts';

const BUSY = { timeout: 60_000 };
const SLOTS = 1000;

/** A table whose first slots belong to member 0, the next ones to member 1, and so on. */
const tableOf = (...held: number[]) => Uint16Array.from(held.flatMap((count, ringId) => Array(count).fill(ringId)));
/** One connection on each of the first `many` slots of each member. */
const clientsOf = (table: Uint16Array, ...many: number[]) => {
  const seen = many.map(() => 0);
  return Uint32Array.from(table, (ringId) => {
    const before = seen[ringId] ?? 0;
    seen[ringId] = before + 1;
    return Number(before < (many[ringId] ?? 0));
  });
};
const held = (table: Uint16Array, ringId: number) => table.filter((owner) => owner === ringId).length;
const load = (table: Uint16Array, connections: Uint32Array, ringId: number) =>
  table.reduce((sum, owner, slot) => sum + (owner === ringId ? (connections[slot] as number) : 0), 0);
const node = (ringId: number, maxConnections?: number) => ({ ringId, weight: 1, maxConnections });

describe('a limit of connections', BUSY, () => {
  test('that is reached lets a member take no slots: those of a lost one go to the others', () => {
    const table = tableOf(250, 250, 250, 250);
    const connections = clientsOf(table, 100, 100, 100, 60);
    const after = nextTable({ table, connections, members: [node(0, 100), node(1), node(2)] });
    expect(held(after, 0)).toBe(250);
    expect(load(after, connections, 0)).toBe(100);
    expect([held(after, 1), held(after, 2)]).toEqual([375, 375]);
    expect(load(after, connections, 1) + load(after, connections, 2)).toBe(260);
  });

  test('bounds what a new member gets, slots and connections', () => {
    const table = tableOf(500, 500);
    const connections = clientsOf(table, 200, 200);
    const after = nextTable({ table, connections, members: [node(0), node(1), node(2, 40)] });
    expect(held(after, 2)).toBe(100);
    expect(load(after, connections, 2)).toBeLessThanOrEqual(40);
    expect(load(after, connections, 2)).toBeGreaterThanOrEqual(38);
  });

  test('takes nothing from a member, whatever its connections become', () => {
    const table = tableOf(500, 500);
    const connections = clientsOf(table, 400, 10);
    expect(nextTable({ table, connections, members: [node(0, 50), node(1)] })).toEqual(table);
  });

  test('sends a slot that is too much for whoever should have it elsewhere', () => {
    const table = tableOf(500, 250, 250);
    const connections = new Uint32Array(SLOTS);
    connections[800] = 30;
    const after = nextTable({ table, connections, members: [node(0), node(1, 20)] });
    expect(after[800]).toBe(0);
  });

  test('leaves a slot that is too much for all who take slots where it is', () => {
    const table = tableOf(2, 2).subarray(0, 4);
    const connections = Uint32Array.of(30, 30, 30, 30);
    const after = nextTable({ table, connections, members: [node(0), node(1), node(2, 29)] });
    expect(after).toEqual(table);
  });

  test('of all members that is too low for all connections does not count, and no slot is without an owner', () => {
    const table = tableOf(250, 250, 250, 250);
    const connections = clientsOf(table, 100, 100, 100, 100);
    const members = [node(0, 100), node(1, 100), node(2, 100)];
    const after = nextTable({ table, connections, members });
    const free = nextTable({ table, connections, members: [node(0), node(1), node(2)] });
    for (const { ringId } of members) expect(held(after, ringId)).toBe(held(free, ringId));
    expect(after).not.toContain(NO_OWNER);
  });

  test('holds for any table, as long as there is room elsewhere', () => {
    const someMembers = fc.uniqueArray(
      fc.record({ ringId: fc.nat(20), limit: fc.constantFrom(undefined, 1, 10, 40) }),
      {
        minLength: 2,
        maxLength: 6,
        selector: ({ ringId }) => ringId,
      },
    );
    const someSlots = fc.array(fc.record({ owner: fc.nat(7), connections: fc.constantFrom(0, 0, 1, 3) }), {
      minLength: 20,
      maxLength: 60,
    });
    fc.assert(
      fc.property(someMembers, someSlots, (some, slots) => {
        const table = Uint16Array.from(slots, ({ owner }) => some[owner]?.ringId ?? 99);
        const connections = Uint32Array.from(slots, (slot) => slot.connections);
        const members = [...some.map(({ ringId, limit }) => node(ringId, limit)), node(50)];
        const after = nextTable({ table, connections, members });
        expect(after).not.toContain(NO_OWNER);
        for (const { ringId, maxConnections = Number.POSITIVE_INFINITY } of members) {
          const before = load(table, connections, ringId);
          if (before >= maxConnections) expect(held(after, ringId)).toBeLessThanOrEqual(held(table, ringId));
          expect(load(after, connections, ringId)).toBeLessThanOrEqual(Math.max(before, maxConnections));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('below 1 is refused by name', () => {
    expect(() => nextTable({ table: Uint16Array.of(1), members: [node(1, 0)] })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', field: 'members.0.maxConnections' }),
    );
  });
});
