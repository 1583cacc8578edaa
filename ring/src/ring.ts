import type { Member } from './member.ts';
import { REVISION_ZERO, type Revision } from './revision.ts';
import { joinDigest, membersDigest, membersHalf, TableSum } from './ring-digest.ts';

/** Number of equal parts of the ring; a key's slot is `hash(key) mod SLOTS`. */
export const SLOTS = 65_536;

/** Table entry of a slot that nobody owns. */
export const NO_OWNER = 0xffff;

/** Which member owns each slot, at a revision. Immutable: a change makes a new ring. */
export interface Ring {
  readonly revision: Revision;
  readonly members: readonly Member[];
  /** `SLOTS` entries; each is an index into `members`, or NO_OWNER. Never written to after construction. */
  readonly table: Readonly<Uint16Array>;
  /** Digest of members and table, 32 hex digits: equal digests mean equal routing. See ring-digest.ts. */
  readonly digest: string;
}

export function createRing(revision: Revision, members: readonly Member[], table: Uint16Array): Ring {
  return { revision, members, table, digest: joinDigest(membersDigest(members), TableSum.of(table)) };
}

/** A slot and the index of its owner, NO_OWNER for none. */
export type Entry = readonly [slot: number, index: number];

/**
 * A ring with new owners for some slots, and with new members if they are given. If the remaining members keep their
 * indices, this costs a copy of the table and a look at the changed slots only.
 */
export function changedRing(
  base: Ring,
  revision: Revision,
  members: readonly Member[] | undefined,
  entries: Iterable<Entry>,
): Ring {
  const table = members === undefined ? base.table.slice() : reindexed(base.table, base.members, members);
  const kept = members === undefined || base.members.every(({ nodeId }, index) => members[index]?.nodeId === nodeId);
  if (!kept) {
    for (const [slot, index] of entries) table[slot] = index;
    return createRing(revision, members, table);
  }
  const sum = TableSum.in(base.digest);
  for (const [slot, index] of entries) {
    sum.replace(slot, table[slot] as number, index);
    table[slot] = index;
  }
  const half = members === undefined ? membersHalf(base.digest) : membersDigest(members);
  return { revision, members: members ?? base.members, table, digest: joinDigest(half, sum) };
}

export const EMPTY_RING: Ring = createRing(REVISION_ZERO, [], new Uint16Array(SLOTS).fill(NO_OWNER));

/** The member that owns a slot; undefined if none does. */
export function ownerOf(ring: Ring, slot: number): Member | undefined {
  return ring.members[ring.table[slot] ?? NO_OWNER];
}

/** Slots held by each member, in the order of `members`. */
export function slotCounts(ring: Ring): Uint32Array {
  const counts = new Uint32Array(ring.members.length);
  for (const index of ring.table) if (index !== NO_OWNER) counts[index] = (counts[index] ?? 0) + 1;
  return counts;
}

/** What the slots of each owner have together. `owners`: a number for each slot, which is the index into the result. */
export function sumByOwner(owners: Readonly<Uint16Array>, counts: Readonly<Uint32Array>): Float64Array {
  const sums = new Float64Array(NO_OWNER + 1);
  for (let slot = 0; slot < SLOTS; slot++) {
    const owner = owners[slot] as number;
    sums[owner] = (sums[owner] as number) + (counts[slot] as number);
  }
  return sums;
}

/** The slots whose owning node differs between two rings, ascending. */
export function movedSlots(from: Ring, to: Ring): number[] {
  // Tables index different member lists, so members are matched by node id once, not slot by slot.
  const indexOf = new Map(to.members.map((member, index) => [member.nodeId, index]));
  const same = from.members.map((member) => indexOf.get(member.nodeId));
  const moved: number[] = [];
  const look = (slot: number) => {
    const before = from.table[slot] as number;
    const expected = before === NO_OWNER ? NO_OWNER : same[before];
    if (expected !== to.table[slot]) moved.push(slot);
  };
  // Most rings differ from the previous one in few places, so two slots are compared at once.
  const sameIndices = same.every((index, before) => index === before);
  const [pairsFrom, pairsTo] = [pairsOf(from.table), pairsOf(to.table)];
  for (let pair = 0; pair < SLOTS / 2; pair++) {
    if (sameIndices && pairsFrom[pair] === pairsTo[pair]) continue;
    look(2 * pair);
    look(2 * pair + 1);
  }
  return moved;
}

/** A copy of a table with the indices of another member list; owners that are not in that list become NO_OWNER. */
export function reindexed(
  table: Readonly<Uint16Array>,
  from: readonly { readonly nodeId: string }[],
  to: readonly { readonly nodeId: string }[],
): Uint16Array {
  const position = new Map(to.map((member, index) => [member.nodeId, index]));
  const translate = from.map((member) => position.get(member.nodeId) ?? NO_OWNER);
  if (translate.every((index, before) => index === before)) return table.slice();
  // Uint16Array.from would take milliseconds in which gateways should route by a ring.
  const reindexed = new Uint16Array(SLOTS);
  for (let slot = 0; slot < SLOTS; slot++) reindexed[slot] = translate[table[slot] as number] ?? NO_OWNER;
  return reindexed;
}

/** A table that is a view of other memory may not be aligned. */
function pairsOf(table: Readonly<Uint16Array>): Uint32Array {
  const { buffer, byteOffset } = table.byteOffset % 4 === 0 ? table : table.slice();
  return new Uint32Array(buffer, byteOffset, SLOTS / 2);
}
