import type { V1ObjectMeta } from '@kubernetes/client-node';
import type { ClusterSpec } from '../../core/spec/schema.ts';
import { type ClusterIdentity, labelsOf, objectName, ownerReference, type Role } from '../names.ts';

/** What the objects of a WsCluster are made from. */
export interface ObjectsInput {
  readonly cluster: ClusterIdentity;
  /** Checked by `servableIn`. */
  readonly spec: ClusterSpec;
  /** Image of the gateways if the spec names none. */
  readonly gatewayImage: string;
}

/** Metadata of the objects of a role, which are deleted with their WsCluster. */
export function metadataOf({ cluster }: ObjectsInput, role: Role): V1ObjectMeta & { name: string; namespace: string } {
  const { namespace } = cluster;
  const name = objectName(cluster, role);
  return { name, namespace, labels: labelsOf(cluster, role), ownerReferences: [ownerReference(cluster)] };
}
