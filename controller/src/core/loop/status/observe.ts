import { compareRevisions } from '@wscluster/ring';
import type { GatewayFleet } from '../../fleet/gateways.ts';
import type { Membership } from '../../membership/membership.ts';
import type { Workload } from '../../ports/workload-source.ts';
import type { PublishStatus } from '../../publish/publisher.ts';
import type { RegistryStatus } from '../../publish/registry-sync.ts';
import type { Rollout } from '../../rollout/rollout.ts';
import { desiredReplicas } from '../../spec/nodes-schema.ts';
import type { ClusterSpec } from '../../spec/schema.ts';
import type { Observed } from './conditions.ts';

export interface ObservedParts {
  readonly spec: ClusterSpec;
  /** Undefined before the first complete listing counts. */
  readonly membership: Membership | undefined;
  /** The last complete listing. */
  readonly listing: readonly Workload[];
  /** Why the nodes could not be looked at, or a ring not be made of them, the last time. */
  readonly failure: string | undefined;
  /** Why nodes could not be started or stopped. */
  readonly problem: string | undefined;
  readonly publish: PublishStatus;
  /** Undefined without a registry. */
  readonly registry: RegistryStatus | undefined;
  readonly rollout: Rollout;
  readonly fleet: GatewayFleet;
  /** Monotonic ms. */
  readonly now: number;
}

/** What the conditions are judged by. */
export function observe({
  spec,
  membership,
  listing,
  failure,
  problem,
  publish,
  registry,
  rollout,
  fleet,
  now,
}: ObservedParts): Observed {
  const { revision } = rollout.ring;
  const { lost, drain, balance } = rollout.remaining;
  const ready = (membership?.members ?? []).filter((member) => member.state === 'ready');
  const inSync = fleet.all.filter((gateway) => compareRevisions(gateway.applied, revision) === 0);
  return {
    failure,
    nodes:
      membership === undefined
        ? undefined
        : {
            desired: desiredReplicas(spec.nodes),
            listed: listing.filter(({ phase }) => phase !== 'gone').length,
            ready: ready.length,
            managedReady: ready.filter((member) => membership.managed.has(member.nodeId)).length,
            held: membership.held,
            problem,
          },
    publish,
    registry,
    acknowledged: rollout.acknowledged,
    gateways: { ready: fleet.all.length, inSync: inSync.length },
    slotsToMove: lost.slots + drain.slots + balance.slots,
    moving: rollout.isMoving(now),
    paused: spec.rebalance.paused,
  };
}
