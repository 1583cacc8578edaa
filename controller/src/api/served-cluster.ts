import { WsClusterError } from '@wscluster/ring';
import type { SpecStore } from '../cluster/spec-store.ts';
import type { Planner } from '../plan/planner.ts';
import type { ClusterController } from '../reconcile/cluster-controller.ts';

/** A cluster as the API reaches it. */
export interface ServedCluster {
  readonly name: string;
  readonly spec: SpecStore;
  readonly controller: ClusterController;
  readonly planner: Planner;
}

/** The cluster with this name, or the only one when none is named. Throws NOT_FOUND. */
export function findCluster(clusters: readonly ServedCluster[], name: string | undefined): ServedCluster {
  const found = name === undefined && clusters.length === 1 ? clusters[0] : clusters.find((c) => c.name === name);
  if (found !== undefined) return found;
  const names = clusters.map((cluster) => cluster.name).join(', ') || 'none yet';
  throw new WsClusterError('NOT_FOUND', `there is no cluster ${name ?? '(unnamed)'}; there is: ${names}`, {
    field: 'cluster',
  });
}
