import { divide } from '@wscluster/ring';
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
  const loads = new Map(seats.map(({ ringId }) => [ringId, 0]));
  let all = 0;
  for (let slot = 0; slot < table.length; slot++) {
    const count = load[slot] as number;
    const had = count === 0 ? undefined : loads.get(table[slot] as number);
    if (had === undefined) continue;
    loads.set(table[slot] as number, had + count);
    all += count;
  }
  const most = seats.map(({ maxConnections }) =>
    load === connections && maxConnections !== undefined ? maxConnections : Number.POSITIVE_INFINITY,
  );
  const weights = seats.map(({ weight }) => weight);
  const { capped, amount, total } = divide(all, weights, most);
  return seats.map(({ ringId, weight }, seat) => ({
    ringId,
    load: loads.get(ringId) ?? 0,
    share: capped.has(seat) ? (most[seat] as number) : (amount * weight) / total,
  }));
}
