import { counted } from '@wscluster/ring';
import { limitReached } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { Tracked, Tracker } from '../move/tracker.ts';
import type { Destination } from '../table/locate.ts';
import type { HeldBytes } from './held-bytes.ts';

/** A connection and its key. */
export interface Keyed extends Tracked {
  /** '' if it has none. */
  readonly key: string;
}

export interface Room {
  readonly tracker: Pick<Tracker, 'size'>;
  readonly held: Pick<HeldBytes, 'isTooMuch'>;
  readonly limits: Limits;
}

/** Throws LIMIT_REACHED if the gateway has as many connections as allowed, or held too many bytes a moment ago. */
export function checkRoom({ tracker, held, limits: { maxConnections, maxHeldBytes } }: Room): void {
  if (maxConnections > 0 && tracker.size >= maxConnections)
    throw limitReached(
      'maxConnections',
      `this gateway has reached its limit of ${counted(maxConnections, 'connection')}`,
    );
  if (maxHeldBytes > 0 && held.isTooMuch)
    throw limitReached('maxHeldBytes', `this gateway held more than its limit of ${maxHeldBytes} bytes`);
}

/** Throws LIMIT_REACHED if the key already has as many connections to this gateway as allowed. */
export function checkRoomOfKey<T extends Keyed>(tracker: Tracker<T>, { slot, key }: Destination, limits: Limits): void {
  const most = limits.maxConnectionsPerKey;
  if (most === 0 || key === '') return;
  // Apart from the few other keys of the slot, its list is at most as long as the limit.
  let count = 0;
  for (let entry = tracker.first(slot); entry !== undefined; entry = entry.next as T | undefined)
    if (entry.key === key && ++count >= most)
      throw limitReached(
        'maxConnectionsPerKey',
        `the key has reached its limit of ${counted(most, 'connection')} to this gateway`,
      );
}
