import { changedRing, type Entry, type Member } from '@wscluster/ring';
import { describe, expect, it } from 'vitest';
import { revision, ringMessage, ringOf, SETTINGS } from '../testing/rings.ts';
import { CurrentTable } from './current-table.ts';
import { changedAfter, lastChange, nextTable, ownerOfSlot, type Table } from './table.ts';

const NODES = [
  { id: 'a', port: 1 },
  { id: 'b', port: 2 },
];

function apply(current: CurrentTable, version: number, ownerOf: (slot: number) => number, now: number, epoch = 1) {
  const ring = ringOf(revision(version, epoch), NODES, ownerOf);
  return current.apply(ring, ringMessage(ring), { now });
}

describe('the table', () => {
  it('knows for each slot at which revision, and when, its owner changed last', () => {
    const current = new CurrentTable();
    apply(current, 3, () => 0, 100);
    apply(current, 5, (slot) => (slot === 7 ? 1 : 0), 200);
    const table = apply(current, 1, (slot) => (slot === 7 || slot === 8 ? 1 : 0), 300, 2);
    expect(ownerOfSlot(table, 7)).toEqual({ nodeId: 'b', address: { host: '127.0.0.1', port: 2 } });
    expect([6, 7, 8].map((slot) => lastChange(table, slot).at)).toEqual([Number.NEGATIVE_INFINITY, 200, 300]);
    expect(changedAfter(table, 6, revision(3))).toBe(false);
    expect(changedAfter(table, 7, revision(4))).toBe(true);
    expect(changedAfter(table, 7, revision(5))).toBe(false);
    expect(changedAfter(table, 8, revision(99))).toBe(true);
    expect(changedAfter(table, 8, revision(1, 2))).toBe(false);
  });

  it('goes on knowing it over any number of rings', () => {
    const settings = { settings: SETTINGS, settingsDigest: '' };
    const first = ringOf(revision(1), NODES, (slot) => (slot === 1 ? 1 : 0));
    let table = nextTable(undefined, first, settings, { now: 1 });
    for (let version = 2; version <= 1_010; version++) {
      // b owns one slot at a time, and another one in each ring.
      const entries: Entry[] = [
        [(version - 1) % 100, 0],
        [version % 100, 1],
      ];
      table = nextTable(table, changedRing(table.ring, revision(version), undefined, entries), settings, {
        now: version,
      });
    }
    expect(table.changes.changes.length).toBeLessThan(1_000);
    expect([10, 11, 12, 200].map((slot) => lastChange(table, slot).at)).toEqual([
      1_010,
      912,
      913,
      Number.NEGATIVE_INFINITY,
    ]);
  });

  it('keeps few changes even if every ring changes another slot, and takes none for earlier than it was', () => {
    const settings = { settings: SETTINGS, settingsDigest: '' };
    let table = nextTable(
      undefined,
      ringOf(revision(1), NODES, () => 0),
      settings,
      { now: 1 },
    );
    for (let version = 2; version <= 2_500; version++) {
      const ring = changedRing(table.ring, revision(version), undefined, [[version, 1]]);
      table = nextTable(table, ring, settings, { now: version });
      expect(table.changes.changes.length).toBeLessThanOrEqual(1_000);
    }
    for (let version = 2; version <= 2_500; version++) {
      const { revision: at } = lastChange(table, version);
      expect(at.version).toBeGreaterThanOrEqual(version);
      if (version > 2_000) expect(at.version).toBe(version);
    }
    expect(lastChange(table, 2).revision.version).toBeLessThanOrEqual(2_000);
    expect(lastChange(table, 2_501).at).toBe(Number.NEGATIVE_INFINITY);
  });

  it('knows which nodes have left, until one comes back', () => {
    const settings = { settings: SETTINGS, settingsDigest: '' };
    const first = ringOf(revision(1), NODES, () => 0);
    const [a, b] = first.members as [Member, Member];
    const next = (before: Table, version: number, members: Member[]) =>
      nextTable(before, changedRing(before.ring, revision(version), members, []), settings, { now: version });
    const both = nextTable(undefined, first, settings, { now: 1 });
    const one = next(both, 2, [a]);
    expect([...one.departed]).toEqual(['b']);
    expect(one.owners).toEqual([both.owners[0]]);
    const none = next(one, 3, []);
    expect([...none.departed]).toEqual(['b', 'a']);
    const back = next(none, 4, [a, { ...b, address: '127.0.0.1:3' }]);
    expect([...back.departed]).toEqual([]);
    expect(back.owners.map(({ address }) => address.port)).toEqual([1, 3]);
    const moved = next(back, 5, [a, b]);
    expect(moved.owners.map(({ address }) => address.port)).toEqual([1, 2]);
    expect(moved.owners[0]).toBe(back.owners[0]);
  });

  it('is not replaced by an older ring, nor by another one of the same revision', () => {
    const current = new CurrentTable();
    const held = apply(current, 3, () => 0, 0);
    for (const [version, epoch] of [
      [2, 1],
      [3, 1],
      [9, 0],
    ] as const)
      expect(() => apply(current, version, () => 1, 0, epoch)).toThrow(
        expect.objectContaining({ code: 'REVISION_STALE' }),
      );
    expect(current.table).toBe(held);
  });

  it('tells who waits for another owner as soon as there is one', async () => {
    const current = new CurrentTable();
    apply(current, 1, () => 0, 0);
    const waiting = current.otherOwner(7, 'a', 5_000);
    const impatient = current.otherOwner(8, 'a', 20);
    apply(current, 2, (slot) => (slot === 9 ? 1 : 0), 0);
    expect(await impatient).toBeUndefined();
    apply(current, 3, (slot) => (slot === 7 ? 1 : 0), 0);
    expect((await waiting)?.nodeId).toBe('b');
    expect((await current.otherOwner(7, 'a', 0))?.nodeId).toBe('b');
  });
});
