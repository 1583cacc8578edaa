import { compareRevisions, ownerOf, type Ring, SLOTS, slotCounts, slotOf, WsClusterError } from '@wscluster/ring';
import { desiredReplicas } from '../cluster/nodes-schema.ts';
import type { Reign } from '../reconcile/candidate.ts';
import type { ClusterController } from '../reconcile/cluster-controller.ts';

// What the API shows, as plain data. Shares are parts of 1; revisions are {epoch, version}.

export function ringView(cluster: ClusterController, withSlots: boolean) {
  const { ring, membership } = cluster.view;
  const slots = slotCounts(ring);
  return {
    revision: ring.revision,
    movableUpTo: cluster.rollout.release.movableUpTo,
    digest: ring.digest,
    members: ring.members.map((member, index) => ({
      ...member,
      slots: slots[index] ?? 0,
      share: (slots[index] ?? 0) / SLOTS,
    })),
    vacancies: membership.vacancies.map(({ ringId, nodeId }) => ({ ringId, nodeId })),
    remaining: cluster.rollout.remaining,
    ...(withSlots ? { table: [...ring.table] } : {}),
  };
}

export function ownerView(cluster: ClusterController, key: string) {
  const { ring } = cluster.view;
  const slot = slotOf(key);
  const owner = ownerOf(ring, slot);
  if (owner === undefined) throw new WsClusterError('NO_MEMBERS', 'the ring has no members: no node is ready yet');
  const { ringId, nodeId, address, state } = owner;
  return { key, slot, ringId, nodeId, address, state, revision: ring.revision };
}

export function nodesView(cluster: ClusterController) {
  const { ring, listing } = cluster.view;
  const slots = slotsByNode(ring);
  const connections = cluster.fleet.connectionsByNode();
  return listing
    .filter((workload) => workload.phase !== 'gone')
    .map(({ id, address, phase, managed, drainingSince }) => {
      const member = ring.members.find((candidate) => candidate.nodeId === id);
      return {
        id,
        address: address ?? null,
        state: phase,
        managed,
        ringId: member?.ringId ?? null,
        weight: member?.weight ?? null,
        slots: slots.get(id) ?? 0,
        share: (slots.get(id) ?? 0) / SLOTS,
        connections: connections.get(id) ?? 0,
        drainingSince: drainingSince === undefined ? null : new Date(drainingSince).toISOString(),
      };
    });
}

export function gatewaysView(cluster: ClusterController) {
  const { revision } = cluster.view.ring;
  const now = performance.now();
  return cluster.fleet.all.map(({ id, address, applied, connections, moved, lastSeen }) => ({
    id,
    address,
    applied,
    inSync: compareRevisions(applied, revision) === 0,
    connections,
    moved,
    secondsSinceReport: Math.round((now - lastSeen) / 100) / 10,
  }));
}

export function clusterView({
  name,
  spec,
  controller,
}: Pick<Reign, 'spec' | 'controller'> & { readonly name: string }) {
  return {
    apiVersion: 'wscluster.io/v1alpha1',
    kind: 'WsCluster',
    metadata: { name, generation: spec.generation },
    spec: spec.spec,
    status: statusView({ spec, controller }),
  };
}

export function statusView({ spec, controller }: Pick<Reign, 'spec' | 'controller'>) {
  const { ring, listing, conditions } = controller.view;
  const gateways = gatewaysView(controller);
  const count = (phase: string) => listing.filter((workload) => workload.phase === phase).length;
  return {
    observedGeneration: spec.generation,
    conditions: [...conditions],
    ring: { ...ring.revision, members: ring.members.length, digest: ring.digest },
    nodes: { desired: desiredReplicas(spec.spec.nodes), ready: count('ready'), draining: count('draining') },
    gateways: { ready: gateways.length, inSync: gateways.filter((gateway) => gateway.inSync).length },
    connections: gateways.reduce((sum, gateway) => sum + gateway.connections, 0),
  };
}

function slotsByNode(ring: Ring): Map<string, number> {
  const slots = slotCounts(ring);
  return new Map(ring.members.map((member, index) => [member.nodeId, slots[index] ?? 0]));
}
