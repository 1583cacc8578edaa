import { compareRevisions } from '@wscluster/ring';
import { desiredReplicas } from '../../spec/nodes-schema.ts';
import type { ClusterSpec } from '../../spec/schema.ts';
import type { Stages } from '../stages.ts';
import type { Observed } from './conditions.ts';
import type { FullNodes } from './full-nodes.ts';
import type { HotSlot, HotSlots } from './hot-slots.ts';

/** What the conditions depend on, besides the stages. */
export interface StatusInput {
  readonly spec: ClusterSpec;
  readonly leading: boolean;
  readonly standingIn: boolean;
  /** Why the last run of the loop failed. */
  readonly failure: string | undefined;
  /** Monotonic ms. */
  readonly now: number;
  readonly full: FullNodes;
  readonly hot: HotSlots;
}

/** What the conditions depend on. */
export function observe(stages: Stages, input: StatusInput): Observed {
  const { spec, leading, standingIn, failure, now } = input;
  const { loop, rollout, link, publisher, registry } = stages;
  const { lost, drain, balance } = rollout.remaining;
  const { gateways } = link.fleet;
  const inSync = gateways.filter(({ applied }) => compareRevisions(applied, rollout.ring.revision) === 0);
  return {
    failure,
    nodes: leading && !loop.cold ? nodesOf(stages, input) : undefined,
    publish: publisher.status,
    standingIn,
    hotSlots: leading && !loop.cold ? hotSlotsOf(stages, input) : [],
    registry: registry?.status,
    acknowledged: rollout.acknowledged,
    gateways: { ready: gateways.length, inSync: inSync.length },
    slotsToMove: lost.slots + drain.slots + balance.slots,
    moving: rollout.isMoving(now),
    paused: spec.rebalance.paused,
  };
}

function hotSlotsOf({ loop, link, steps, rollout }: Stages, { spec, hot, now }: StatusInput): HotSlot[] {
  return hot.look(rollout.ring, loop.membership, steps.measured(spec), link.fleet, now);
}

function nodesOf({ loop, scaler, link }: Stages, { spec, full }: StatusInput): Observed['nodes'] {
  const { membership, listing = [] } = loop;
  const ready = membership.members.filter(({ state }) => state === 'ready');
  return {
    desired: desiredReplicas(spec.nodes),
    listed: listing.filter(({ phase }) => phase !== 'gone').length,
    ready: ready.length,
    managedReady: ready.filter(({ nodeId }) => membership.managed.has(nodeId)).length,
    held: membership.held,
    problem: scaler.problem,
    room: full.look(membership, link.fleet.connectionsByNode),
  };
}
