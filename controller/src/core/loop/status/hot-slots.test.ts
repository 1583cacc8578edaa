import { createRing, type Member, nextTable, SLOTS, slotOf } from '@wscluster/ring';
import { expect, test } from 'vitest';
import { Fleet } from '../../fleet/fleet.ts';
import { NO_MEMBERSHIP } from '../../membership/membership.ts';
import { HotSlots } from './hot-slots.ts';

const members: Member[] = [0, 1].map((ringId) => ({
  ...{ ringId, nodeId: `n${ringId}`, address: '127.0.0.1:1', weight: 1, state: 'ready' },
}));
const table = nextTable({ members }).map((ringId) => ringId);
const ring = createRing({ epoch: 1, version: 1 }, members, table);
const membership = { ...NO_MEMBERSHIP, members };
const gateway = {
  ...{ id: 'g', address: 'g:1', applied: ring.revision, connections: 1, moved: 0, migrated: 0, lastSeen: 0 },
  ...{ eventStreams: 0, countsKnown: true },
};
const slot = slotOf('hot');
const counts = {
  countsBySlot: new Uint32Array(SLOTS),
  countsByNode: new Map(),
  pinnedByNode: new Map(),
  portableByNode: new Map(),
  eventStreamsByNode: new Map(),
};
const fleet = new Fleet(
  [
    { ...gateway, hotKeys: [{ key: 'hot', connections: 9 }], hotSlots: [] },
    { ...gateway, id: 'h', hotKeys: [], hotSlots: [{ slot, keys: ['twin', 'hot'] }] },
  ],
  0,
  counts,
);
/** So many on the hot slot, of 1,000. */
const measured = (hot: number) => {
  const load = new Uint32Array(SLOTS);
  for (let n = 0; n < 1_000 - hot; n++) load[(slot + 1 + n) % SLOTS] = 1;
  load[slot] = hot;
  return { connections: load, load, unit: 1, tolerance: 0.05 };
};

test('a slot that is more than its node’s share for a while is named with its keys, until it is clearly less', () => {
  const slots = new HotSlots();
  const look = (hot: number, now: number) => slots.look(ring, membership, measured(hot), fleet, now);
  expect(look(700, 0)).toEqual([]);
  expect(look(700, 5_000)).toEqual([]);
  expect(look(700, 6_000)).toEqual([{ slot, node: `n${table[slot]}`, times: 1.4, keys: ['twin', 'hot'] }]);
  expect(look(480, 7_000)).toHaveLength(1);
  expect(look(470, 8_000)).toEqual([]);
  expect(look(700, 9_000)).toEqual([]);
  expect(look(700, 15_000)).toHaveLength(1);
});

test('few connections, and a load that is not known, make no slot hot', () => {
  const slots = new HotSlots();
  const few = new Uint32Array(SLOTS);
  few[slot] = 3;
  for (const now of [0, 60_000]) {
    expect(slots.look(ring, membership, { connections: few, load: few, unit: 1, tolerance: 0.05 }, fleet, now)).toEqual(
      [],
    );
    expect(slots.look(ring, membership, undefined, fleet, now)).toEqual([]);
    expect(slots.look(ring, membership, measured(510), fleet, now)).toEqual([]);
  }
});
