import type { Release } from '@wscluster/ring';
import { changedAfter, neverChanged, type Owner, ownerOfSlot, type Table } from '../table/table.ts';
import type { Tracked, Tracker } from './tracker.ts';

/** What the plan considers, besides slot and node. */
export interface Movable extends Tracked {
  /** Not upgraded yet, so it can be sent to another owner without the client noticing. */
  readonly connecting: boolean;
  readonly relaying: boolean;
  /** Has been told to reconnect. */
  readonly told: boolean;
}

export interface MovePlan<T> {
  /**
   * Connections that are still connecting to a node that no longer owns the slot. They are sent to the owner at once,
   * whether or not the change is released.
   */
  readonly redirects: readonly { readonly entry: T; readonly owner: Owner }[];
  /** Live connections to a node that no longer owns the slot, if that change is released. In the order of slots. */
  readonly moves: readonly T[];
}

/**
 * What to do now so that every connection is at its owner. This depends only on the table and the release, not on what
 * happened before: a missed update costs only time, and a change that was reverted costs nothing.
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
    // All connections were routed by this table or an earlier one, so they can only be wrong if an owner changed.
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

/** Whether a live connection has to move. */
export function isDue(entry: Movable, table: Table, release: Release): boolean {
  return !entry.told && entry.relaying && hasMoved(entry, table, release);
}

/** Whether a released change has given the slot to another node. */
export function hasMoved(
  { slot, nodeId }: { readonly slot: number; readonly nodeId: string },
  table: Table,
  release: Release,
): boolean {
  const owner = ownerOfSlot(table, slot);
  return owner !== undefined && owner.nodeId !== nodeId && !changedAfter(table, slot, release.movableUpTo);
}
