import { type Edge, minCostFlow } from './min-cost-flow.ts';

export interface Problem {
  /** The index of each slot's owner; -1: none. */
  readonly owners: readonly number[];
  /** 0 or 1 connection on each slot. */
  readonly connections: readonly number[];
  /** Slots that each member is to have. */
  readonly slots: readonly number[];
  /** The fewest and the most connections that each member is to have. */
  readonly low: readonly number[];
  readonly high: readonly number[];
}

export interface Moves {
  readonly connections: number;
  readonly slots: number;
}

const MUST = 1e8;
const CONNECTION = 1e4;

/**
 * The fewest connections of slots with an owner that have to move until each member has its slots, and connections
 * between `low` and `high`; and the fewest slots with them.
 */
export function leastMoves({ owners, connections, slots, low, high }: Problem): Moves {
  const edges: Edge[] = [];
  const kinds = ['empty', 'loaded'] as const;
  for (const from of [-1, ...slots.keys()]) {
    for (const [count, kind] of kinds.entries()) {
      const own = owners.filter((owner, slot) => owner === from && connections[slot] === count).length;
      edges.push({ from: 'all', to: `${kind} of ${from}`, capacity: own, cost: 0 });
      for (const to of slots.keys()) {
        const cost = from === to || from === -1 ? 0 : 1 + count * CONNECTION;
        edges.push({ from: `${kind} of ${from}`, to: `${kind} at ${to}`, capacity: own, cost });
      }
    }
  }
  for (const [member, held] of slots.entries()) {
    const [least = 0, most = 0] = [low[member], high[member]];
    edges.push({ from: `loaded at ${member}`, to: `${member}`, capacity: least, cost: -MUST });
    edges.push({ from: `loaded at ${member}`, to: `${member}`, capacity: Math.max(0, most - least), cost: 0 });
    edges.push({ from: `empty at ${member}`, to: `${member}`, capacity: held, cost: 0 });
    edges.push({ from: `${member}`, to: 'placed', capacity: held, cost: 0 });
  }
  const flow = minCostFlow(edges, 'all', 'placed');
  let moved = 0;
  let movedSlots = 0;
  for (const [edge, { from, to, cost }] of edges.entries()) {
    if (cost <= 0) continue;
    movedSlots += flow[edge] as number;
    if (from.startsWith('loaded') && to.startsWith('loaded')) moved += flow[edge] as number;
  }
  return { connections: moved, slots: movedSlots };
}
