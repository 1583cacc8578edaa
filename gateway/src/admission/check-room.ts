import { limitReached } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { Tracked, Tracker } from '../move/tracker.ts';
import type { Destination } from '../table/locate.ts';

/** A connection and its key. */
export interface Keyed extends Tracked {
  /** '' if it has none. */
  readonly key: string;
}

/** Throws LIMIT_REACHED if the gateway already has as many connections as allowed. */
export function checkRoom(tracker: Pick<Tracker, 'size'>, limits: Limits): void {
  if (limits.maxConnections > 0 && tracker.size >= limits.maxConnections)
    throw limitReached('maxConnections', `this gateway has reached its limit of ${limits.maxConnections} connections`);
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
        `the key has reached its limit of ${most} connections to this gateway`,
      );
}
