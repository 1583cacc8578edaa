import { nextTable } from '@wscluster/ring';
import type { Measured } from './measured.ts';
import { type NodeShare, nodeShares } from './node-shares.ts';
import type { Seat } from './target.ts';

/** Balance begins when a node is this many tolerances from its share, and then goes on to within one. */
const BEGINS_AT = 2;
/** A tolerance below this counts as this, so that balance has an end. */
const LEAST_TOLERANCE = 0.01;
/** Chance alone spreads n clients of a node by the root of n; what is within so many of those would not last. */
const CHANCE = 3;
/** A change pays if the part of the connections that moves is at most so many times the part of the load it rights. */
const MOST_COST = 3;

export interface BalanceInput {
  readonly seats: readonly Seat[];
  /** The ring id of each slot's owner; each seat has its share of the slots. */
  readonly table: Readonly<Uint16Array>;
  readonly measured: Measured;
  /** How many connections may move. */
  readonly budget: number;
}

export interface Balance {
  readonly table: Uint16Array;
  /** Connections that move. */
  readonly connections: number;
  /** The load of the node that is furthest above its share, relative to its share, before and after. */
  readonly peak: { readonly before: number; readonly after: number };
}

/** Whether a difference from a share is more than chance makes. */
export function isSignificant(difference: number, share: number, { unit }: Pick<Measured, 'unit'>): boolean {
  return difference > CHANCE * Math.sqrt(share / unit);
}

/** Whether a node is so far from its share that moving connections for it would last. */
export function isOutside({ seats, table, measured }: Omit<BalanceInput, 'budget'>): boolean {
  const { tolerance } = measured;
  if (tolerance === Number.POSITIVE_INFINITY) return false;
  const part = BEGINS_AT * Math.max(tolerance, LEAST_TOLERANCE);
  return nodeShares(seats, table, measured).some(
    ({ load, share }) =>
      Math.abs(load - share) > part * share && isSignificant(Math.abs(load - share), share, measured),
  );
}

/**
 * The table that brings the nodes within the tolerance of their shares, or nearer to it; undefined if that does not
 * pay: it has to right at least the tolerance of one node's share, and to be worth the connections that move. Pure.
 */
export function balanceOf(input: BalanceInput): Balance | undefined {
  if (!isOutside(input)) return undefined;
  const { seats, table, budget } = input;
  const { connections, load } = input.measured;
  const tolerance = Math.max(input.measured.tolerance, LEAST_TOLERANCE);
  const next = nextTable({ table, members: seats, connections, load, tolerance, balance: budget });
  const before = nodeShares(seats, table, input.measured);
  const after = nodeShares(seats, next, input.measured);
  const righted = wrongIn(before, tolerance) - wrongIn(after, tolerance);
  const whole = before.reduce((sum, node) => sum + node.load, 0);
  let [moved, all] = [0, 0];
  for (let slot = 0; slot < table.length; slot++) {
    const count = connections[slot] as number;
    all += count;
    if (next[slot] !== table[slot]) moved += count;
  }
  const pays = righted * seats.length >= tolerance * whole && moved * whole <= MOST_COST * righted * all;
  return pays ? { table: next, connections: moved, peak: { before: peakOf(before), after: peakOf(after) } } : undefined;
}

/** How much the nodes have beyond the tolerance above and below their shares. */
function wrongIn(nodes: readonly NodeShare[], tolerance: number): number {
  return nodes.reduce((sum, { load, share }) => sum + Math.max(0, Math.abs(load - share) - tolerance * share), 0);
}

function peakOf(nodes: readonly NodeShare[]): number {
  return Math.max(...nodes.map(({ load, share }) => (share === 0 ? 1 : load / share)));
}
