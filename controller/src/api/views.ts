import { compareRevisions, ownerOf, type Ring, SLOTS, slotCounts, slotOf, WsClusterError } from '@wscluster/ring';
import { summaryOf } from '../core/loop/status/summary.ts';
import type { ClusterView } from '../core/loop/view.ts';
import type { Workload } from '../core/ports/workload-source.ts';
import { desiredReplicas } from '../core/spec/nodes-schema.ts';
import { API_VERSION, KIND } from '../core/spec/schema.ts';
import type { LiveState } from './live-schema.ts';

// The API's answers as plain data. Shares are parts of 1; revisions are {epoch, version}.

export function showRing({ ring, release, remaining, membership }: ClusterView, withSlots: boolean) {
  const slots = slotCounts(ring);
  return {
    revision: ring.revision,
    movableUpTo: release.movableUpTo,
    digest: ring.digest,
    members: ring.members.map((member, index) => ({
      ...member,
      slots: slots[index] ?? 0,
      share: (slots[index] ?? 0) / SLOTS,
    })),
    vacancies: membership.vacancies.map(({ ringId, nodeId }) => ({ ringId, nodeId })),
    remaining,
    ...(withSlots ? { table: [...ring.table] } : {}),
  };
}

export function showOwner(view: ClusterView, key: string) {
  return { key, ...showSlot(view, slotOf(key)) };
}

export function showSlot({ ring, fleet }: ClusterView, slot: number) {
  const owner = ownerOf(ring, slot);
  if (owner === undefined) throw new WsClusterError('NO_MEMBERS', 'the ring has no members: no node is ready yet');
  const { ringId, nodeId, address, state } = owner;
  const connections = fleet.connectionsBySlot[slot] ?? 0;
  return { slot, ringId, nodeId, address, state, connections, revision: ring.revision };
}

export function showNodes({ ring, listing, fleet, membership }: ClusterView) {
  const slots = slotsByNode(ring);
  const connections = fleet.connectionsByNode;
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
      eventStreams: fleet.eventStreamsByNode.get(id) ?? 0,
      maxConnections: membership.limits.get(id) ?? null,
      drainingSince: drainingSince === undefined ? null : new Date(drainingSince).toISOString(),
    };
  });
}

type Existing = Workload & { readonly phase: Exclude<Workload['phase'], 'gone'> };

function exists(workload: Workload): workload is Existing {
  return workload.phase !== 'gone';
}

export function showGateways({ ring, fleet }: ClusterView) {
  const now = performance.now();
  return fleet.gateways.map(({ id, address, applied, connections, eventStreams, moved, migrated, lastSeen }) => ({
    id,
    address,
    applied,
    inSync: compareRevisions(applied, ring.revision) === 0,
    connections,
    eventStreams,
    moved,
    migrated,
    secondsSinceReport: Math.round((now - lastSeen) / 100) / 10,
  }));
}

export function showCluster(name: string, view: ClusterView) {
  return {
    apiVersion: API_VERSION,
    kind: KIND,
    metadata: { name, generation: view.generation },
    spec: view.spec,
    status: summaryOf(view),
  };
}

/** Without values that change all the time although nothing has happened. */
export function showLive(name: string, view: ClusterView): LiveState {
  const { routing, rebalance, nodes } = view.spec;
  return {
    name,
    status: summaryOf(view),
    spec: {
      routes: routing.routes,
      replicas: desiredReplicas(nodes),
      paused: rebalance.paused,
      maxConnectionsPerSecond: rebalance.maxConnectionsPerSecond,
    },
    ring: showRing(view, false),
    nodes: showNodes(view),
    gateways: showGateways(view).map(({ secondsSinceReport: _, ...gateway }) => gateway),
    links: [...view.links],
    convergence: view.convergence ?? null,
  };
}

function slotsByNode(ring: Ring): Map<string, number> {
  const slots = slotCounts(ring);
  return new Map(ring.members.map((member, index) => [member.nodeId, slots[index] ?? 0]));
}
