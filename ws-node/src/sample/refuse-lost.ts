import type { Routed } from '../gateway-headers.ts';
import type { RingView } from '../ring-view.ts';
import { HttpError } from './http-answer.ts';

/**
 * Throws a 421 if the node has lost the key: the gateway then knows that its ring is old, waits for the newer one, and
 * tries again.
 */
export function refuseLost(view: RingView | undefined, routed: Pick<Routed, 'key' | 'revision'>): void {
  const lostAt = view?.lost(routed);
  if (lostAt !== undefined)
    throw new HttpError(421, 'REVISION_STALE', `another node owns the key since ring ${lostAt}`);
}
