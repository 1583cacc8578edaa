import type { V1ObjectMeta } from '@kubernetes/client-node';
import type { ClusterSpec } from '../../core/spec/schema.ts';

/** What the objects of a WsCluster are made from. */
export interface ObjectsInput {
  readonly cluster: {
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    /** What gateways and rings call it: `<namespace>.<name>`. */
    readonly id: string;
  };
  /** As `servableIn` has let it pass. */
  readonly spec: ClusterSpec;
  /** Image of gateways for which the spec names none. */
  readonly gatewayImage: string;
}

/** What a pod of the cluster is for. */
export type Role = 'gateway' | 'node';

/** By which the pods of a role are found. A Deployment's selector can't be changed, so these stay as they are. */
export function selectorOf({ cluster }: ObjectsInput, role: Role): Record<string, string> {
  return { 'wscluster.io/cluster': cluster.name, 'wscluster.io/role': role };
}

export function labelsOf(input: ObjectsInput, role: Role): Record<string, string> {
  return {
    'app.kubernetes.io/name': `wscluster-${role}`,
    'app.kubernetes.io/instance': input.cluster.name,
    'app.kubernetes.io/component': role,
    'app.kubernetes.io/part-of': 'wscluster',
    'app.kubernetes.io/managed-by': 'wscluster',
    ...selectorOf(input, role),
  };
}

/** Metadata of `<name>-<role>`, which ends with its WsCluster. */
export function metadataOf(input: ObjectsInput, role: Role): V1ObjectMeta & { name: string; namespace: string } {
  const { name, namespace, uid } = input.cluster;
  return {
    name: `${name}-${role}`,
    namespace,
    labels: labelsOf(input, role),
    ownerReferences: [
      {
        apiVersion: 'wscluster.io/v1alpha1',
        kind: 'WsCluster',
        ...{ name, uid },
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  };
}
