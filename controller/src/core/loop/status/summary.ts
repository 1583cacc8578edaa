import { compareRevisions } from '@wscluster/ring';
import { desiredReplicas } from '../../spec/nodes-schema.ts';
import type { ClusterView } from '../view.ts';

/** A short summary of a cluster, for the API and for the status of the Kubernetes resource. */
export function summaryOf({ spec, generation, ring, listing, fleet, conditions }: ClusterView) {
  const { gateways } = fleet;
  const count = (phase: string) => listing.filter((workload) => workload.phase === phase).length;
  const inSync = gateways.filter(({ applied }) => compareRevisions(applied, ring.revision) === 0);
  return {
    observedGeneration: generation,
    conditions: [...conditions],
    ring: { ...ring.revision, members: ring.members.length, digest: ring.digest },
    nodes: { desired: desiredReplicas(spec.nodes), ready: count('ready'), draining: count('draining') },
    gateways: { ready: gateways.length, inSync: inSync.length },
    connections: gateways.reduce((sum, { connections }) => sum + connections, 0),
  };
}
