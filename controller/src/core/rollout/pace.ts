import type { Workload } from '../ports/workload-source.ts';
import type { Pace } from './rollout.ts';

/** The share of drainSeconds within which the slots of a draining node leave; the rest is for its last clients. */
const DRAIN_SHARE = 0.8;

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
  readonly now: number;
}): Pace {
  if (input.maxConnectionsPerSecond === 0) return { perSecond: Number.POSITIVE_INFINITY, balance: !input.paused };
  let needed = 0;
  for (const workload of input.listing) {
    if (workload.phase !== 'draining') continue;
    const leftMs = (workload.drainingSince ?? input.now) + DRAIN_SHARE * input.drainMs - input.now;
    needed += (input.connections.get(workload.id) ?? 0) / Math.max(1, leftMs / 1000);
  }
  return { perSecond: Math.max(input.maxConnectionsPerSecond, needed), balance: !input.paused };
}
