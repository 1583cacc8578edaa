import type { Change } from '@wscluster/controller/api';
import type { ClusterApi } from '../api/client.ts';
import type { LiveNode } from '../live/live-cluster.ts';

/** A change that a person is about to make. */
export type NodeChange =
  | { readonly kind: 'add' }
  | { readonly kind: 'drain' | 'kill'; readonly node: LiveNode }
  | { readonly kind: 'weight'; readonly node: LiveNode; readonly weight: number };

/** For the dry run. Killing a node moves the same slots as draining it, only at once. */
export function planned(change: NodeChange): Change {
  if (change.kind === 'add') return { add: 1 };
  if (change.kind === 'weight') return { weights: { [change.node.id]: change.weight } };
  return { remove: change.node.id };
}

export async function make(change: NodeChange, api: ClusterApi): Promise<void> {
  if (change.kind === 'add') await api.addNode();
  else if (change.kind !== 'weight') await api.removeNode(change.node.id, change.kind);
  else if (change.node.ringId !== null) await api.weigh(change.node.ringId, change.weight);
}
