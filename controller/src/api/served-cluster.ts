import { WsClusterError } from '@wscluster/ring';
import type { Reign } from '../core/loop/reign.ts';
import type { ClusterView } from '../core/loop/view.ts';

/** What API and metrics use of a cluster that this process leads. */
export type LedCluster = Pick<
  Reign,
  'hasBegun' | 'view' | 'events' | 'nodes' | 'waiting' | 'whereabouts' | 'plan' | 'patchSpec'
>;

/** A cluster for the API: led here, or by another controller. */
export interface ServedCluster {
  readonly name: string;
  /** Undefined while another controller leads. */
  readonly reign: LedCluster | undefined;
  /** Base URL of the leader's API; undefined if no leader is known. */
  readonly leader: string | undefined;
  /** What this process knew when it last led, or has read since: for when no leader can be asked. */
  readonly lastView: ClusterView | undefined;
}

/** The cluster with this name; without a name, the only one. Throws NOT_FOUND. */
export function findCluster(clusters: readonly ServedCluster[], name: string | undefined): ServedCluster {
  const found = name === undefined && clusters.length === 1 ? clusters[0] : clusters.find((c) => c.name === name);
  if (found !== undefined) return found;
  const names = clusters.map((cluster) => cluster.name).join(', ') || 'none yet';
  throw new WsClusterError('NOT_FOUND', `there is no cluster ${name ?? '(unnamed)'}; the clusters are: ${names}`, {
    field: 'cluster',
  });
}

/** What is known here about a cluster. Throws NO_LEADER if nothing is. */
export function knownHere(cluster: ServedCluster): ClusterView {
  // A leader never looks for its last view, which may take decoding a ring.
  if (cluster.reign?.hasBegun === true) return cluster.reign.view;
  return cluster.lastView ?? ledHere(cluster).view;
}

/** A cluster that this process leads, and whose newest ring it knows. Throws NO_LEADER otherwise. */
export function ledHere({ name, reign }: ServedCluster): LedCluster {
  if (reign?.hasBegun === true) return reign;
  throw new WsClusterError('NO_LEADER', `no controller leads ${name} at the moment; retry in a few seconds`);
}
