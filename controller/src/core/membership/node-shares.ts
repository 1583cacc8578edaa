import { divide, sumByOwner } from '@wscluster/ring';
import type { Measured } from './measured.ts';
import type { Seat } from './target.ts';

/** What a node has of what counts, and what it is to have. */
export interface NodeShare {
  readonly ringId: number;
  readonly load: number;
  readonly share: number;
}

/**
 * What each seat has, and its share of what all have: by weight, and of connections no more than its limit. `table`:
 * the ring id of each slot's owner.
 */
export function nodeShares(
  seats: readonly Seat[],
  table: Readonly<Uint16Array>,
  { load, connections }: Pick<Measured, 'load' | 'connections'>,
): NodeShare[] {
  const loads = sumByOwner(table, load);
  const all = seats.reduce((sum, { ringId }) => sum + (loads[ringId] as number), 0);
  const most = seats.map(({ maxConnections }) =>
    load === connections && maxConnections !== undefined ? maxConnections : Number.POSITIVE_INFINITY,
  );
  const weights = seats.map(({ weight }) => weight);
  const { capped, amount, total } = divide(all, weights, most);
  return seats.map(({ ringId, weight }, seat) => ({
    ringId,
    load: loads[ringId] as number,
    share: capped.has(seat) ? (most[seat] as number) : (amount * weight) / total,
  }));
}
