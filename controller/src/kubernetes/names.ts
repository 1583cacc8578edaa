/** Labels of pods that mean something to us. */
export const LABELS = {
  /** Name of the WsCluster that a pod belongs to. */
  cluster: 'wscluster.io/cluster',
  /** `node` on pods that the controller created as nodes. */
  role: 'wscluster.io/role',
  /** What a managed node was made from, as a hash. */
  templateHash: 'wscluster.io/template-hash',
} as const;

/** Annotations of pods that mean something to us. */
export const ANNOTATIONS = {
  /** Weight of this node, 0.01 to 1000. */
  weight: 'wscluster.io/weight',
  /** Port of this node. */
  port: 'wscluster.io/port',
  /** `true`, or the time when it was asked to leave, in ISO 8601. */
  drain: 'wscluster.io/drain',
  /** Of Kubernetes: of the pods of a ReplicaSet that shrinks, the one with the lowest goes first. */
  deletionCost: 'controller.kubernetes.io/pod-deletion-cost',
} as const;

export const NODE_ROLE = 'node';
