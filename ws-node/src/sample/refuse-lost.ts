import type { Routed } from '../gateway-headers.ts';
import type { RingView } from '../ring-view.ts';
import { HttpError } from './http-answer.ts';

/** Throws the 421 by which a gateway learns that its ring is old: it waits for the newer one and tries there. */
export function refuseLost(view: RingView | undefined, routed: Pick<Routed, 'key' | 'revision'>): void {
  const lostAt = view?.lost(routed);
  if (lostAt !== undefined)
    throw new HttpError(421, 'REVISION_STALE', `since ring ${lostAt} another node owns the key`);
}
