import { limitReached } from '../errors.ts';
import type { Limits } from '../limits.ts';
import type { Tracked, Tracker } from '../move/tracker.ts';
import type { Destination } from '../route/router.ts';

/** A connection whose key is known. */
export interface Keyed extends Tracked {
  readonly key: string;
}

/** Throws LIMIT_REACHED when one more connection of the key would be one too many, for the key or in all. */
export function checkRoom<T extends Keyed>(tracker: Tracker<T>, { slot, key }: Destination, limits: Limits): void {
  if (limits.maxConnections > 0 && tracker.size >= limits.maxConnections)
    throw limitReached('maxConnections', `this gateway has all the ${limits.maxConnections} connections that it may`);
  const most = limits.maxConnectionsPerKey;
  if (most === 0) return;
  // The slot's list is as long as the limit, but for the few other keys of the slot.
  let count = 0;
  for (let entry = tracker.first(slot); entry !== undefined; entry = entry.next as T | undefined)
    if (entry.key === key && ++count >= most)
      throw limitReached('maxConnectionsPerKey', `the key has all the ${most} connections to this gateway that it may`);
}
