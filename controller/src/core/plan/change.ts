import { type Member, WsClusterError } from '@wscluster/ring';
import { z } from 'zod';
import type { Membership } from '../membership/membership.ts';
import type { Workload } from '../ports/workload-source.ts';
import { planScale } from '../scale/scale.ts';
import type { ClusterSpec } from '../spec/schema.ts';

const nodeCount = z.int().min(1).max(1000);

/** One change of a cluster, to be judged before it is made. */
export const changeSchema = z.union([
  z.strictObject({ add: nodeCount.describe('Managed nodes more.') }),
  z.strictObject({ remove: z.string().min(1).describe('Id of the node to drain.') }),
  z.strictObject({ replicas: z.int().min(0).max(1000).describe('Managed nodes that should exist.') }),
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
}

/**
 * The members as they will be when a change has come to its end: new nodes ready (named new-1, new-2, ...), leaving ones
 * gone. Pure. Throws NOT_FOUND for an unknown node.
 */
export function membersAfter(change: Change, situation: Situation): Membership {
  const { membership } = situation;
  if ('add' in change) return withAdded(situation, change.add);
  if ('remove' in change) {
    findMember(membership, change.remove);
    return without(membership, [change.remove]);
  }
  if ('replicas' in change) return withReplicas(situation, change.replicas);
  return reweighted(membership, change.weights);
}

function withReplicas(situation: Situation, replicas: number): Membership {
  const { listing, connections, spec, membership } = situation;
  const plan = planScale({
    listing,
    replicas,
    owners: new Set(),
    connections,
    drainMs: spec.nodes.drainSeconds * 1000,
    now: Date.now(),
  });
  return plan.create > 0 ? withAdded(situation, plan.create) : without(membership, plan.drain);
}

/** Newcomers take the vacancies first, then the lowest free ring ids, as they will. */
function withAdded({ membership, spec }: Situation, count: number): Membership {
  const members = [...membership.members];
  const vacancies = [...membership.vacancies].sort((a, b) => a.since - b.since || a.ringId - b.ringId);
  for (let n = 1; n <= count; n++) {
    const used = new Set(members.filter(({ state }) => state !== 'draining').map(({ ringId }) => ringId));
    let ringId = vacancies.shift()?.ringId ?? 0;
    while (used.has(ringId)) ringId++;
    const weight = spec.nodes.weights[ringId] ?? spec.nodes.weight;
    members.push({ ringId, nodeId: `new-${n}`, address: 'new.invalid:1', weight, state: 'ready' });
  }
  return { ...membership, members, vacancies };
}

function without(membership: Membership, nodeIds: readonly string[]): Membership {
  return { ...membership, members: membership.members.filter(({ nodeId }) => !nodeIds.includes(nodeId)) };
}

function reweighted(membership: Membership, weights: Readonly<Record<string, number>>): Membership {
  const changed = new Map(
    Object.entries(weights).map(([name, weight]) => [findMember(membership, name).nodeId, weight]),
  );
  const members = membership.members.map((member) => ({
    ...member,
    weight: changed.get(member.nodeId) ?? member.weight,
  }));
  return { ...membership, members };
}

/** A member by node id or ring id. */
export function findMember(membership: Membership, name: string): Member {
  const found = membership.members.find(({ nodeId, ringId }) => nodeId === name || String(ringId) === name);
  if (found === undefined) throw new WsClusterError('NOT_FOUND', `no node ${name} is on the ring`, { field: 'change' });
  return found;
}
