import { API_VERSION, KIND } from '../core/spec/schema.ts';

// Every name by which others know what is ours: labels, annotations, finalizers, managers of fields, names of objects.
// None may change without a migration of what is in their clusters.

/** What a pod of a cluster is for. */
export type Role = 'gateway' | 'node';

/** A WsCluster, as its objects and pods name it. */
export interface ClusterIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** What gateways and rings call it: `<namespace>.<name>`. */
  readonly id: string;
}

export const LABELS = {
  /** Name of the WsCluster that an object belongs to. */
  cluster: 'wscluster.io/cluster',
  /** A Role. */
  role: 'wscluster.io/role',
  /** What a managed node was made from, as a hash. */
  templateHash: 'wscluster.io/template-hash',
  /** Of Kubernetes: `wscluster` on all that the controller makes, and on nothing else. */
  managedBy: 'app.kubernetes.io/managed-by',
  /** Of Kubernetes. */
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  component: 'app.kubernetes.io/component',
  partOf: 'app.kubernetes.io/part-of',
} as const;

/** The value of LABELS.managedBy. */
export const MANAGER = 'wscluster';

export const ANNOTATIONS = {
  /** Weight of this node, 0.01 to 1000. */
  weight: 'wscluster.io/weight',
  /** Port of this node. */
  port: 'wscluster.io/port',
  /** `true`, or the time when it was asked to leave, in ISO 8601. */
  drain: 'wscluster.io/drain',
  /** Base URL of the API of a Lease's holder. */
  api: 'wscluster.io/api',
  /** Of Kubernetes: of the pods of a ReplicaSet that shrinks, the one with the lowest goes first. */
  deletionCost: 'controller.kubernetes.io/pod-deletion-cost',
  /** Of Kubernetes, which sets it with each rollout. */
  rollout: 'deployment.kubernetes.io/revision',
} as const;

/** While a WsCluster has this, it is not gone: what it has outside of Kubernetes is to be removed first. */
export const FINALIZER = 'wscluster.io/cleanup';

/** Who shares the fields of an object: the controller, its first number of replicas, and the API's changes of a spec. */
export const FIELD_MANAGERS = { own: 'wscluster', replicas: 'wscluster-replicas', api: 'wscluster-api' } as const;

/** The controller in Events. */
export const REPORTING_CONTROLLER = 'wscluster.io/controller';

/**
 * The id of a Kubernetes cluster's rings: in messages, names of exchanges and keys, paths of the API, `--cluster` of its
 * gateways. Names hold no dot, so no two resources share one.
 */
export function clusterId({ namespace, name }: Pick<ClusterIdentity, 'namespace' | 'name'>): string {
  return `${namespace}.${name}`;
}

/** Of the Deployment, the Service and the budget of a role. */
export function objectName({ name }: Pick<ClusterIdentity, 'name'>, role: Role): string {
  return `${name}-${role}`;
}

/** By which the pods of a role are found. A Deployment's selector can't be changed, so these stay as they are. */
export function selectorOf({ name }: Pick<ClusterIdentity, 'name'>, role: Role): Record<string, string> {
  return { [LABELS.cluster]: name, [LABELS.role]: role };
}

/** As a query of the API has it. */
export function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
}

/** All labels of an object that the controller makes. */
export function labelsOf(cluster: Pick<ClusterIdentity, 'name'>, role: Role): Record<string, string> {
  return {
    [LABELS.name]: `wscluster-${role}`,
    [LABELS.instance]: cluster.name,
    [LABELS.component]: role,
    [LABELS.partOf]: 'wscluster',
    [LABELS.managedBy]: MANAGER,
    ...selectorOf(cluster, role),
  };
}

/** Of what ends with its WsCluster. */
export function ownerReference({ name, uid }: Pick<ClusterIdentity, 'name' | 'uid'>) {
  return { apiVersion: API_VERSION, kind: KIND, name, uid, controller: true, blockOwnerDeletion: true };
}
