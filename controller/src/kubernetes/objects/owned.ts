import type { V1ObjectMeta } from '@kubernetes/client-node';
import type { ClusterSpec } from '../../core/spec/schema.ts';
import { type ClusterIdentity, labelsOf, objectName, ownerReference, type Role } from '../names.ts';

/** What the objects of a WsCluster are made from. */
export interface ObjectsInput {
  readonly cluster: ClusterIdentity;
  /** As `servableIn` has let it pass. */
  readonly spec: ClusterSpec;
  /** Image of gateways for which the spec names none. */
  readonly gatewayImage: string;
}

/** Metadata of the objects of a role, which end with their WsCluster. */
export function metadataOf({ cluster }: ObjectsInput, role: Role): V1ObjectMeta & { name: string; namespace: string } {
  const { namespace } = cluster;
  const name = objectName(cluster, role);
  return { name, namespace, labels: labelsOf(cluster, role), ownerReferences: [ownerReference(cluster)] };
}
