import type { Workload } from '../ports/workload-source.ts';
import { ACK_DEADLINE_MS, type Pace } from './rollout.ts';

/** The share of drainSeconds within which the slots of a draining node leave; the rest is for its last clients. */
const DRAIN_SHARE = 0.8;

/**
 * Gateways that cannot be heard learn of a release this late: the deadline of its ring, and one look at the store, ms.
 */
const DEAF_DELAY_MS = ACK_DEADLINE_MS + 2_000;

/**
 * The configured pace, or more if draining nodes would not be empty in time. `drainMs` in milliseconds; `now` by
 * steadyNow, as `drainingSince` is in this listing.
 */
export function paceOf(input: {
  readonly maxConnectionsPerSecond: number;
  readonly paused: boolean;
  readonly drainMs: number;
  readonly listing: readonly Workload[];
  readonly connections: ReadonlyMap<string, number>;
  /** No gateway can be heard. Default false. */
  readonly deaf?: boolean;
  readonly now: number;
}): Pace {
  if (input.maxConnectionsPerSecond === 0) return { perSecond: Number.POSITIVE_INFINITY, balance: !input.paused };
  const delayMs = input.deaf === true ? DEAF_DELAY_MS : 0;
  let needed = 0;
  for (const workload of input.listing) {
    if (workload.phase !== 'draining') continue;
    const leftMs = (workload.drainingSince ?? input.now) + DRAIN_SHARE * input.drainMs - delayMs - input.now;
    needed += (input.connections.get(workload.id) ?? 0) / Math.max(1, leftMs / 1000);
  }
  return { perSecond: Math.max(input.maxConnectionsPerSecond, needed), balance: !input.paused };
}
