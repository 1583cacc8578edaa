import { ownerOf, type Ring, SLOTS, slotCounts, slotOf, WsClusterError } from '@wscluster/ring';
import type { Reign } from '../core/loop/candidate.ts';
import type { ClusterController } from '../core/loop/cluster-controller.ts';
import { gatewaysView, statusView } from '../core/loop/cluster-status.ts';
import type { Workload } from '../core/ports/workload-source.ts';
import { desiredReplicas } from '../core/spec/nodes-schema.ts';
import type { LiveState } from './live-schema.ts';

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
  return { key, ...slotView(cluster, slotOf(key)) };
}

export function slotView(cluster: ClusterController, slot: number) {
  const { ring } = cluster.view;
  const owner = ownerOf(ring, slot);
  if (owner === undefined) throw new WsClusterError('NO_MEMBERS', 'the ring has no members: no node is ready yet');
  const { ringId, nodeId, address, state } = owner;
  const connections = cluster.fleet.connectionsBySlot()[slot] ?? 0;
  return { slot, ringId, nodeId, address, state, connections, revision: ring.revision };
}

export function nodesView(cluster: ClusterController) {
  const { ring, listing } = cluster.view;
  const slots = slotsByNode(ring);
  const connections = cluster.fleet.connectionsByNode();
  const members = new Map(ring.members.map((member) => [member.nodeId, member]));
  return listing.filter(exists).map(({ id, name = id, image, createdAt, address, phase, managed, drainingSince }) => {
    const member = members.get(id);
    return {
      id,
      name,
      image: image ?? null,
      createdAt: createdAt === undefined ? null : new Date(createdAt).toISOString(),
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

type Existing = Workload & { readonly phase: Exclude<Workload['phase'], 'gone'> };

function exists(workload: Workload): workload is Existing {
  return workload.phase !== 'gone';
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

/** Without what changes from one moment to the next though nothing has happened. */
export function liveView(reign: Reign & { readonly name: string }): LiveState {
  const { name, spec, controller } = reign;
  const { routing, rebalance, nodes } = spec.spec;
  return {
    name,
    status: statusView(reign),
    spec: {
      routes: routing.routes,
      replicas: desiredReplicas(nodes),
      paused: rebalance.paused,
      maxConnectionsPerSecond: rebalance.maxConnectionsPerSecond,
    },
    ring: ringView(controller, false),
    nodes: nodesView(controller),
    gateways: gatewaysView(controller).map(({ secondsSinceReport: _, ...gateway }) => gateway),
    links: [...controller.view.links],
    convergence: controller.convergence.last ?? null,
  };
}

function slotsByNode(ring: Ring): Map<string, number> {
  const slots = slotCounts(ring);
  return new Map(ring.members.map((member, index) => [member.nodeId, slots[index] ?? 0]));
}
