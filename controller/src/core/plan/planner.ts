import type { MoveSettings, Ring } from '@wscluster/ring';
import { steadyNow } from '@wscluster/service';
import type { Fleet } from '../fleet/fleet.ts';
import type { Known } from '../membership/held-target.ts';
import type { Membership } from '../membership/membership.ts';
import type { Workload } from '../ports/workload-source.ts';
import type { ClusterSpec } from '../spec/schema.ts';
import { type Change, membershipsOf } from './change.ts';
import { type Plan, planBetween } from './plan.ts';
import { type Reason, reasonsOf } from './reasons.ts';
import { type Unnoticed, unnoticedOf } from './unnoticed.ts';

/** The present state of a cluster. */
export interface Present {
  readonly spec: ClusterSpec;
  readonly ring: Ring;
  readonly membership: Membership;
  readonly listing: readonly Workload[];
  readonly fleet: Fleet;
}

/** What a plan is based on, as the loop will decide. */
export interface Foresight {
  /** How well the connections are known. */
  readonly known: Known;
  /** The ring once it has followed these memberships, one after the other. */
  foresee(memberships: readonly Membership[], spec: ClusterSpec): Ring;
}

/** A plan, why its slots would move, and how their connections would. */
export interface PlannedChange extends Plan {
  readonly mode: MoveSettings['mode'];
  readonly unnoticed: Unnoticed;
  readonly known: Known;
  readonly reasons: readonly Reason[];
}

/** Predicts what a change of a cluster would move, without making it. Throws NOT_FOUND for an unknown node. */
export function planChange(change: Change, present: Present, foresight: Foresight): PlannedChange {
  const { spec, ring, membership, fleet } = present;
  const { connectionsByNode, connectionsBySlot: connections } = fleet;
  const memberships = membershipsOf(change, { ...present, connections: connectionsByNode, now: steadyNow() });
  const after = foresight.foresee(memberships, spec);
  const anyway = foresight.foresee([membership], spec);
  const plan = planBetween(ring, after, connections);
  return {
    ...plan,
    mode: spec.rebalance.mode,
    unnoticed: unnoticedOf(plan.nodes, (node) => fleet.portableShareOf(node)),
    known: foresight.known,
    reasons: reasonsOf({ ring, anyway, after, membership, connections }),
  };
}
