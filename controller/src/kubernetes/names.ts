import { API_VERSION, KIND } from '../core/spec/schema.ts';

// Every name by which others know wscluster's objects: labels, annotations, finalizers, field managers, names of
// objects. Changing one takes a migration of existing clusters.

/** The role of a pod in a cluster. */
export type Role = 'gateway' | 'node';

/** A WsCluster, as its objects and pods refer to it. */
export interface ClusterIdentity {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Its name in gateways and rings: `<namespace>.<name>`. */
  readonly id: string;
}

export const LABELS = {
  /** Name of the WsCluster that an object belongs to. */
  cluster: 'wscluster.io/cluster',
  /** A Role. */
  role: 'wscluster.io/role',
  /** Hash of what a managed node was created from. */
  templateHash: 'wscluster.io/template-hash',
  /** A label of Kubernetes: `wscluster` on everything that the controller creates, and on nothing else. */
  managedBy: 'app.kubernetes.io/managed-by',
  /** A label of Kubernetes. */
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
  /** Limit of connections of this node, 0 to 10,000,000; 0: none. */
  maxConnections: 'wscluster.io/max-connections',
  /** Port of this node. */
  port: 'wscluster.io/port',
  /** `true`, or the time since when the node drains, in ISO 8601. */
  drain: 'wscluster.io/drain',
  /** Base URL of the API of a Lease's holder. */
  api: 'wscluster.io/api',
  /** An annotation of Kubernetes: when a ReplicaSet shrinks, pods with the lowest cost go first. */
  deletionCost: 'controller.kubernetes.io/pod-deletion-cost',
  /** An annotation of Kubernetes, which changes with each rollout. */
  rollout: 'deployment.kubernetes.io/revision',
} as const;

/** Keeps a deleted WsCluster until its data outside of Kubernetes has been removed. */
export const FINALIZER = 'wscluster.io/cleanup';

/**
 * The managers of an object's fields: the controller, its initial number of replicas, and spec changes through the API.
 */
export const FIELD_MANAGERS = { own: 'wscluster', replicas: 'wscluster-replicas', api: 'wscluster-api' } as const;

/** The name of the controller in Events. */
export const REPORTING_CONTROLLER = 'wscluster.io/controller';

/**
 * The id of a Kubernetes cluster's rings: in messages, in names of exchanges and keys, in paths of the API, and in
 * `--cluster` of its gateways. Names contain no dot, so two resources never share an id.
 */
export function clusterId({ namespace, name }: Pick<ClusterIdentity, 'namespace' | 'name'>): string {
  return `${namespace}.${name}`;
}

/** Name of the Deployment, the Service and the budget of a role. */
export function objectName({ name }: Pick<ClusterIdentity, 'name'>, role: Role): string {
  return `${name}-${role}`;
}

/**
 * The labels that select the pods of a role. The selector of a Deployment cannot be changed, so these must stay as they
 * are.
 */
export function selectorOf({ name }: Pick<ClusterIdentity, 'name'>, role: Role): Record<string, string> {
  return { [LABELS.cluster]: name, [LABELS.role]: role };
}

/** As a label selector in a query. */
export function selectorText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([label, value]) => `${label}=${value}`)
    .join(',');
}

/** All labels of an object that the controller creates. */
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

/** For objects that are deleted with their WsCluster. */
export function ownerReference({ name, uid }: Pick<ClusterIdentity, 'name' | 'uid'>) {
  return { apiVersion: API_VERSION, kind: KIND, name, uid, controller: true, blockOwnerDeletion: true };
}
