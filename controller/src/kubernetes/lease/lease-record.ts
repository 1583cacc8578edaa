import type { LockRecord } from '../../core/ports/lock.ts';
import { ANNOTATIONS } from '../names.ts';
import { holderOf, type Lease, renewalOf } from './lease.ts';

/** For a Lease without a duration. */
const DEFAULT_SECONDS = 15;
/** Stands for the renewal of a deleted Lease. */
const GONE = 'gone';

/** What a Lease says about its holder; undefined without a Lease or a holder. */
export function recordOf(lease: Lease | undefined): LockRecord | undefined {
  if (lease === undefined || holderOf(lease) === undefined) return undefined;
  return {
    holder: lease.metadata.annotations?.[ANNOTATIONS.api],
    renewal: renewalOf(lease),
    expiresInMs: (lease.spec?.leaseDurationSeconds ?? DEFAULT_SECONDS) * 1000,
  };
}

/**
 * Another holder, which may lead, from the Lease that was just read and the rival seen `before`. A Lease never vanishes
 * by itself. If somebody deletes it, its holder still leads and creates it again, and may have renewed it shortly
 * before.
 */
export function rivalIn(lease: Lease | undefined, own: string, before: LockRecord | undefined): LockRecord | undefined {
  if (lease === undefined) return before && { ...before, holder: undefined, renewal: GONE };
  return holderOf(lease) === own ? undefined : recordOf(lease);
}
