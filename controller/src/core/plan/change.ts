import { type Member, WsClusterError } from '@wscluster/ring';
import { z } from 'zod';
import { type Membership, type MembershipPolicy, nextMembership } from '../membership/membership.ts';
import { membershipPolicy } from '../membership/policy.ts';
import type { Workload } from '../ports/workload-source.ts';
import { planScale, type ScalePlan } from '../scale/scale.ts';
import { desiredReplicas } from '../spec/nodes-schema.ts';
import type { ClusterSpec } from '../spec/schema.ts';

const nodeCount = z.int().min(1).max(1000);

/** One change of a cluster, to be judged before it is made. */
export const changeSchema = z.union([
  z.strictObject({ add: nodeCount.describe('Number of nodes to add.') }),
  z.strictObject({ remove: z.string().min(1).describe('Id of the node to drain.') }),
  z.strictObject({ replicas: z.int().min(0).max(1000).describe('Desired number of managed nodes.') }),
  z.strictObject({
    weights: z.record(z.string(), z.number().min(0.01).max(1000)).describe('New weights, by node id or ring id.'),
  }),
]);
export type Change = z.infer<typeof changeSchema>;

export interface Situation {
  readonly spec: ClusterSpec;
  readonly membership: Membership;
  readonly listing: readonly Workload[];
  /** Live connections by node id. */
  readonly connections: ReadonlyMap<string, number>;
  /** By steadyNow. */
  readonly now: number;
}

/**
 * The memberships that follow from a change, in the order in which the loop will see them: the last one is that after
 * the change is complete, with new nodes ready (named new-1, new-2, ...) and leaving ones gone. Pure. Throws NOT_FOUND
 * for an unknown node.
 */
export function membershipsOf(change: Change, situation: Situation): readonly Membership[] {
  const { membership, listing, spec } = situation;
  const replicas = desiredReplicas(spec.nodes);
  if ('add' in change)
    return afterTurnover(situation, { arrivals: change.add, leaving: [], replicas: replicas + change.add });
  if ('remove' in change) {
    const id = findMember(membership, change.remove).nodeId;
    const leaver = listing.find((workload) => workload.id === id && workload.phase !== 'gone');
    if (leaver === undefined)
      throw new WsClusterError('NOT_FOUND', `node ${id} cannot be found at the moment, so it cannot be drained`, {
        field: 'change',
      });
    return afterTurnover(situation, { arrivals: 0, leaving: [id], replicas: replicas - (leaver.managed ? 1 : 0) });
  }
  if ('replicas' in change) {
    const { create, drain } = scaledTo(change.replicas, situation);
    return afterTurnover(situation, { arrivals: create, leaving: drain, replicas: change.replicas });
  }
  return [reweighted(situation, change.weights)];
}

function scaledTo(replicas: number, { listing, connections, spec, now }: Situation): ScalePlan {
  const drainMs = spec.nodes.drainSeconds * 1000;
  return planScale({ listing, replicas, owners: new Set(), connections, drainMs, now });
}

/** First with all nodes, then without those that leave. */
function afterTurnover(
  { membership, listing, spec, now }: Situation,
  { arrivals, leaving, replicas }: { arrivals: number; leaving: readonly string[]; replicas: number },
): readonly Membership[] {
  const policy = { ...membershipPolicy(spec), replicas };
  const newcomers = Array.from({ length: arrivals }, (_, n): Workload => {
    return { id: `new-${n + 1}`, phase: 'ready', address: 'new.invalid:1', managed: true };
  });
  const isLeaving = ({ id }: Workload) => leaving.includes(id);
  const staying = [...listing.filter((workload) => !isLeaving(workload)), ...newcomers];
  const draining = listing.filter(isLeaving).map((workload): Workload => ({ ...workload, phase: 'draining' }));
  const meanwhile = nextMembership(membership, [...staying, ...draining], policy, now);
  return [meanwhile, nextMembership(meanwhile, staying, policy, now)];
}

/** A node's own weight, if it has one, stays what it is. */
function reweighted(
  { membership, listing, spec, now }: Situation,
  weights: Readonly<Record<string, number>>,
): Membership {
  const policy = membershipPolicy(spec);
  const changed = Object.entries(weights).map(([name, weight]) => [findMember(membership, name).ringId, weight]);
  const reweighted: MembershipPolicy = { ...policy, weights: { ...policy.weights, ...Object.fromEntries(changed) } };
  return nextMembership(membership, listing, reweighted, now);
}

/** Finds a member by node id or ring id. */
function findMember(membership: Membership, name: string): Member {
  const found = membership.members.find(({ nodeId, ringId }) => nodeId === name || String(ringId) === name);
  if (found === undefined) throw new WsClusterError('NOT_FOUND', `no node ${name} is on the ring`, { field: 'change' });
  return found;
}
