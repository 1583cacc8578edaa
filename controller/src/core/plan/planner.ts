import type { MoveSettings, Ring } from '@wscluster/ring';
import { steadyNow } from '@wscluster/service';
import type { Fleet } from '../fleet/fleet.ts';
import type { Membership } from '../membership/membership.ts';
import type { Workload } from '../ports/workload-source.ts';
import type { ClusterSpec } from '../spec/schema.ts';
import { type Change, membersAfter } from './change.ts';
import { type Plan, planChange } from './plan.ts';

/** The present state of a cluster. */
export interface Present {
  readonly spec: ClusterSpec;
  readonly ring: Ring;
  readonly membership: Membership;
  readonly listing: readonly Workload[];
  readonly fleet: Fleet;
}

/** A plan, and how its connections would move. */
export interface PlannedChange extends Plan {
  readonly mode: MoveSettings['mode'];
}

/** Predicts what changes of a cluster would move, without making them. */
export class Planner {
  /** Throws NOT_FOUND for an unknown node. */
  plan(change: Change, { spec, ring, membership, listing, fleet }: Present): PlannedChange {
    const { connectionsByNode: connections, connectionsBySlot } = fleet;
    const after = membersAfter(change, { spec, membership, listing, connections, now: steadyNow() });
    const { tolerance, strategy } = spec.rebalance;
    const loads = { connections: connectionsBySlot, tolerance, onlyEmpty: strategy === 'lazy' };
    const plan = planChange(ring, after, loads);
    return { ...plan, mode: spec.rebalance.mode };
  }
}
