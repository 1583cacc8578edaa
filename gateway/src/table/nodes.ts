import { indexOfNode, type Ring, SLOTS, slotCounts, WsClusterError } from '@wscluster/ring';
import type { Owner, Table } from './table.ts';

/** How busy a node is, for choosing one. */
export type Load = (nodeId: string) => number;

/** A ready node, and one of its slots. */
export interface AnyNode {
  readonly owner: Owner;
  readonly slot: number;
}

const countsOf = new WeakMap<Ring, Uint32Array>();

/**
 * The ready node with the least load, by chance among equals; undefined if there is none. It comes with one of its
 * slots at random: a connection without a key then moves with the slot, at the pace and by the counts of all others,
 * and leaves a draining node in time. `except`: the id of a node that has failed.
 */
export function anyNode(table: Table, load: Load, except?: string): AnyNode | undefined {
  const { ring, owners } = table;
  let counts = countsOf.get(ring);
  if (counts === undefined) {
    counts = slotCounts(ring);
    countsOf.set(ring, counts);
  }
  const start = Math.floor(Math.random() * owners.length);
  let best = -1;
  let least = Number.POSITIVE_INFINITY;
  for (let step = 0; step < owners.length; step++) {
    const index = (start + step) % owners.length;
    const { nodeId } = owners[index] as Owner;
    // A node that has just come has no slots yet.
    if (ring.members[index]?.state !== 'ready' || counts[index] === 0 || nodeId === except) continue;
    const busy = load(nodeId);
    if (busy < least) [best, least] = [index, busy];
  }
  if (best < 0) return undefined;
  return { owner: owners[best] as Owner, slot: someSlotOf(ring, best) };
}

/** Of a member that has slots. */
function someSlotOf(ring: Ring, index: number): number {
  let slot = Math.floor(Math.random() * SLOTS);
  while (ring.table[slot] !== index) slot = (slot + 1) % SLOTS;
  return slot;
}

/** The node of an id or a name. Throws NODE_GONE for one that has left while this gateway ran, and NODE_UNKNOWN. */
export function nodeNamed({ ring, owners, departed }: Table, wanted: string): Owner {
  const index = indexOfNode(ring.members, wanted);
  if (index >= 0) return owners[index] as Owner;
  const field = { field: 'node' };
  if (departed.has(wanted)) throw new WsClusterError('NODE_GONE', 'the node has left the cluster', field);
  throw new WsClusterError('NODE_UNKNOWN', 'the cluster has no node of this id or name', field);
}
