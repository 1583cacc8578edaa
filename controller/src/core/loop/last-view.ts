import { decodeRing, type RingMessage, RunningCounts } from '@wscluster/ring';
import { Fleet } from '../fleet/fleet.ts';
import { NO_MEMBERSHIP } from '../membership/membership.ts';
import { NOTHING_LEFT } from '../rollout/rollout.ts';
import type { ClusterSpec } from '../spec/schema.ts';
import { CONDITION_TYPES, type Condition } from './status/conditions.ts';
import type { ClusterView } from './view.ts';

/**
 * The view of a leader that leads no longer, for readers: nobody knows whether the cluster still is like that. Pure.
 */
export function asLastKnown(view: ClusterView, knownAt: Date): ClusterView {
  const found = view.conditions.map(({ type, observedGeneration }) => unknown(type, observedGeneration, knownAt));
  return { ...view, knownAt, conditions: found };
}

/** What a standby has read from the store. */
export interface ReadByStandby {
  readonly spec: ClusterSpec;
  readonly generation: number;
  readonly ring: RingMessage;
  /** When the store was last read. */
  readonly at: Date;
}

/**
 * The view of a controller that has only stood by: spec and ring, and the nodes on it. Gateways and their connections
 * report to the leader. Throws MESSAGE_INVALID if the ring is damaged. Pure.
 */
export function viewOfStandby({ spec, generation, ring: message, at }: ReadByStandby): ClusterView {
  const ring = decodeRing(message);
  const { release, vacancies } = message;
  return {
    ...{ spec, generation, ring, release, knownAt: at },
    remaining: NOTHING_LEFT,
    membership: { ...NO_MEMBERSHIP, members: ring.members, vacancies },
    listing: ring.members.map(({ nodeId, address, state }) => ({ id: nodeId, address, phase: state, managed: false })),
    fleet: new Fleet([], 0, new RunningCounts()),
    conditions: CONDITION_TYPES.map((type) => unknown(type, generation, at)),
    links: [],
    convergence: undefined,
  };
}

function unknown(type: Condition['type'], observedGeneration: number, knownAt: Date): Condition {
  const lastTransitionTime = knownAt.toISOString();
  const message = `no leader is known here; this is what was known at ${lastTransitionTime}`;
  return { type, status: 'Unknown', reason: 'NoLeader', message, observedGeneration, lastTransitionTime };
}
