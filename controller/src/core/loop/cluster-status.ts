import { compareRevisions } from '@wscluster/ring';
import { desiredReplicas } from '../spec/nodes-schema.ts';
import type { Reign } from './candidate.ts';
import type { ClusterController } from './cluster-controller.ts';

// What a cluster comes to in short, for the API and for the resource on Kubernetes.

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
