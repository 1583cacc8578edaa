import type { Release } from '@wscluster/ring';
import { changedAfter, neverChanged, type Owner, ownerOfSlot, type Table } from '../table/table.ts';
import type { Tracked, Tracker } from './tracker.ts';

/** What the plan looks at, beside slot and node. */
export interface Movable extends Tracked {
  /** Not upgraded yet: it can be sent to another owner without the client noticing. */
  readonly connecting: boolean;
  readonly relaying: boolean;
  /** Was told to reconnect already. */
  readonly told: boolean;
}

export interface MovePlan<T> {
  /** Still connecting to a node that does not own the slot any more: sent to the owner at once, release or not. */
  readonly redirects: readonly { readonly entry: T; readonly owner: Owner }[];
  /** Live, on a node that does not own the slot any more, by a change that is released. In the order of slots. */
  readonly moves: readonly T[];
}

/**
 * What is to be done now for every connection to be at its owner. It follows from the table and the release alone, not
 * from what happened before: a missed update costs time only, and a change that was taken back costs nothing.
 *
 * | connection | its node owns the slot | change of the slot released | plan     |
 * |------------|------------------------|-----------------------------|----------|
 * | any        | yes, or nobody does    |                             | stays    |
 * | connecting | no                     |                             | redirect |
 * | live       | no                     | no                          | stays    |
 * | live       | no                     | yes                         | move     |
 * | told, gone |                        |                             | stays    |
 */
export function planMoves<T extends Movable>(table: Table, tracker: Tracker<T>, release: Release): MovePlan<T> {
  const redirects: { entry: T; owner: Owner }[] = [];
  const moves: T[] = [];
  tracker.visitSlots((slot, first) => {
    // All were routed by this table or one before it, so they can only be wrong where an owner changed.
    if (neverChanged(table, slot)) return;
    const owner = ownerOfSlot(table, slot);
    if (owner === undefined) return;
    const { nodeId } = owner;
    for (let entry: T | undefined = first; entry !== undefined; entry = entry.next as T | undefined) {
      if (entry.nodeId === nodeId) continue;
      if (entry.connecting) redirects.push({ entry, owner });
      else if (isDue(entry, table, release)) moves.push(entry);
    }
  });
  return { redirects, moves };
}

/** Whether a live connection is to be moved. */
export function isDue(entry: Movable, table: Table, release: Release): boolean {
  if (entry.told || !entry.relaying) return false;
  const owner = ownerOfSlot(table, entry.slot);
  if (owner === undefined || owner.nodeId === entry.nodeId) return false;
  return !changedAfter(table, entry.slot, release.movableUpTo);
}
