import { type ConnectionCounts, NO_OWNER, type Ring, SLOTS } from '@wscluster/ring';

/** Connections that have to move. */
export interface ToMove {
  /** Over all gateways. */
  readonly all: number;
  /** At the gateway that has the most of them; 0 if nobody asked. */
  readonly most: number;
}

/** Connections on these slots. */
export function onSlots(slots: Iterable<number>, countsBySlot: Readonly<Uint32Array>): number {
  let sum = 0;
  for (const slot of slots) sum += countsBySlot[slot] ?? 0;
  return sum;
}

/**
 * How many connections have to move once the owners of `slots` have changed: those on these slots, or, if these are
 * more, all that earlier changes have left at a node: as many as it has beyond what its slots account for.
 */
export function withLeftOver(gateways: Iterable<ConnectionCounts>, slots: ReadonlySet<number>, ring: Ring): ToMove {
  let [all, most] = [0, 0];
  for (const counts of gateways) {
    const count = Math.max(onSlots(slots, counts.countsBySlot), surplusOf(counts, ring));
    all += count;
    most = Math.max(most, count);
  }
  return { all, most };
}

function surplusOf({ countsBySlot, countsByNode, pinnedByNode }: ConnectionCounts, { table, members }: Ring): number {
  // By index: looking up names would take most of a second for 100 gateways with 10,000 connections each.
  const owed = new Uint32Array(members.length);
  for (let slot = 0; slot < SLOTS; slot++) {
    const count = countsBySlot[slot] as number;
    const owner = table[slot] as number;
    if (count > 0 && owner !== NO_OWNER) owed[owner] = (owed[owner] as number) + count;
  }
  const indexOf = new Map(members.map(({ nodeId }, index) => [nodeId, index]));
  let surplus = 0;
  for (const [node, count] of countsByNode) {
    const owedHere = owed[indexOf.get(node) ?? -1] ?? 0;
    surplus += Math.max(0, count - (pinnedByNode.get(node) ?? 0) - owedHere);
  }
  return surplus;
}
