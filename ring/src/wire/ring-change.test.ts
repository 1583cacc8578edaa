import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Member } from '../member.ts';
import { createRing, movedSlots, NO_OWNER, type Ring, SLOTS } from '../ring.ts';
import type { RingChange } from './messages.ts';
import { parseBroadcast } from './parse.ts';
import { applyChange, encodeChange } from './ring-change.ts';
import { settingsDigest } from './settings.ts';

const member = (id: number, weight = 1): Member => ({
  ringId: id,
  nodeId: `node-${id}`,
  address: `127.0.0.1:${9000 + id}`,
  weight,
  state: 'ready',
});
const SETTINGS = { routes: [{ path: '/x', key: { query: 'k' } }] };
const DIGEST = settingsDigest(SETTINGS);

function ring(version: number, ids: readonly number[], ownerOf: (slot: number) => number): Ring {
  const table = new Uint16Array(SLOTS).map((_, slot) => ownerOf(slot));
  return createRing(
    { epoch: 1, version },
    ids.map((id) => member(id)),
    table,
  );
}
function change(from: Ring, to: Ring, settingsBefore = DIGEST): RingChange | undefined {
  return encodeChange(from, to, {
    cluster: 'chat',
    release: { movableUpTo: from.revision, spreadMs: 0, maxPerSecond: 0 },
    settings: SETTINGS,
    settingsBefore,
  });
}
const expectSame = (made: Ring, wanted: Ring) => {
  expect({ ...made, table: undefined }).toEqual({ ...wanted, table: undefined });
  expect(Buffer.from(made.table.buffer).equals(Buffer.from(wanted.table.buffer))).toBe(true);
};

describe('a change of a ring', () => {
  test('makes the new ring out of the old one, whoever comes and goes', () => {
    const someIds = fc.uniqueArray(fc.integer({ min: 0, max: 5 }), { minLength: 1 });
    fc.assert(
      fc.property(someIds, someIds, fc.array(fc.nat(SLOTS - 1), { maxLength: 50 }), (before, after, slots) => {
        const from = ring(1, before, (slot) => (slot < 2000 ? slot % before.length : NO_OWNER));
        // Whose node stays keeps its slots, but for those that move; the others' slots are given to the first.
        const keeps = (slot: number) => {
          const index = slot < 2000 ? after.indexOf(before[slot % before.length] as number) : NO_OWNER;
          return index < 0 ? 0 : index;
        };
        const moves = new Set(slots);
        const to = ring(2, after, (slot) => (moves.has(slot) ? (slot * 7) % after.length : keeps(slot)));
        const message = parseBroadcast(JSON.stringify(change(from, to))) as RingChange;
        const { ring: made, moved } = applyChange(from, message);
        expectSame(made, to);
        expect(moved).toEqual(movedSlots(from, to));
      }),
      { numRuns: 30, examples: [[[5, 2], [2, 5], []]] },
    );
  });

  test('says nothing of members and settings that stay, and which members have come, gone or changed', () => {
    const from = ring(1, [0, 1], () => 0);
    const to = ring(2, [0, 1], (slot) => (slot === 7 ? 1 : 0));
    expect(change(from, to)).not.toHaveProperty('members');
    expect(change(from, to)).not.toHaveProperty('settings');
    expect(JSON.stringify(change(from, to)).length).toBeLessThan(700);
    expect(change(from, to, '0'.repeat(32))).toMatchObject({ settings: SETTINGS });
    const heavier = createRing(to.revision, [member(0, 3), member(1)], to.table.slice());
    expect(change(from, heavier)).toMatchObject({ memberChanges: { gone: [], here: [{ ringId: 0, weight: 3 }] } });
    expectSame(applyChange(from, change(from, heavier) as RingChange).ring, heavier);
    const other = ring(2, [0, 2], () => 0);
    expect(change(from, other)).toMatchObject({ memberChanges: { gone: ['node-1'], here: [{ nodeId: 'node-2' }] } });
    expect(change(from, other)).not.toHaveProperty('members');
  });

  test('has all members when their order is none that followers can make', () => {
    const from = ring(1, [0, 1], () => 0);
    const to = ring(2, [1, 0], () => 1);
    const message = change(from, to);
    expect(message).toMatchObject({ members: [{ nodeId: 'node-1' }, { nodeId: 'node-0' }] });
    expect(message).not.toHaveProperty('memberChanges');
    expectSame(applyChange(from, message as RingChange).ring, to);
  });

  test('is not made when most slots move', () => {
    expect(
      change(
        ring(1, [0, 1], () => 0),
        ring(2, [0, 1], () => 1),
      ),
    ).toBeUndefined();
  });

  test('is refused on another ring than its base, and when it is damaged', () => {
    const from = ring(1, [0, 1], () => 0);
    const made = change(
      from,
      ring(2, [0, 1], (slot) => (slot === 7 ? 1 : 0)),
    ) as RingChange;
    const refusal = (field: string) => expect.objectContaining({ code: 'MESSAGE_INVALID', field });
    expect(() =>
      applyChange(
        ring(1, [0, 1], (slot) => slot % 2),
        made,
      ),
    ).toThrow(refusal('digest'));
    expect(() => applyChange(from, { ...made, slots: 'AAAA' })).toThrow(refusal('slots'));
    expect(() => applyChange(from, { ...made, slots: 'BwAJAA==' })).toThrow(refusal('slots'));
    expect(() => applyChange(from, { ...made, slots: '****' })).toThrow(refusal('slots'));
    expect(() => applyChange(from, { ...made, digest: '0'.repeat(32) })).toThrow(refusal('digest'));
  });
});
