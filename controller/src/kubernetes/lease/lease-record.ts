import type { LockRecord } from '../../core/ports/lock.ts';
import { ANNOTATIONS } from '../names.ts';
import { holderOf, type Lease, renewalOf } from './lease.ts';

/** For a Lease that does not say for how long it is held. */
const DEFAULT_SECONDS = 15;
/** In the place of a renewal. */
const GONE = 'gone';

/** What a Lease says of its holder; undefined when there is no Lease, or nobody holds it. */
export function recordOf(lease: Lease | undefined): LockRecord | undefined {
  if (lease === undefined || holderOf(lease) === undefined) return undefined;
  return {
    holder: lease.metadata.annotations?.[ANNOTATIONS.api],
    renewal: renewalOf(lease),
    expiresInMs: (lease.spec?.leaseDurationSeconds ?? DEFAULT_SECONDS) * 1000,
  };
}

/**
 * Another holder, who may lead, by what was just read and by the rival that was seen `before`. A Lease is never gone by
 * itself: whoever deleted it, its holder leads on and makes it again, and may have renewed it shortly before.
 */
export function rivalIn(lease: Lease | undefined, own: string, before: LockRecord | undefined): LockRecord | undefined {
  if (lease === undefined) return before && { ...before, holder: undefined, renewal: GONE };
  return holderOf(lease) === own ? undefined : recordOf(lease);
}
