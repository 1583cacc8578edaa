import type { V1PodSpec } from '@kubernetes/client-node';

/** One key of a Secret in the cluster's namespace. */
export interface SecretKeyRef {
  readonly name: string;
  readonly key: string;
}

export interface PodTemplate {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  /** Spec of the pods; the node is their first container. */
  readonly spec: V1PodSpec;
}

/** How nodes run as pods. Either `template` or `selector` is given. */
export interface KubernetesNodeSettings {
  /** Managed nodes are made from it; none can be created without. */
  readonly template?: PodTemplate | undefined;
  /** Labels that make somebody else's pod a node; all must match. */
  readonly selector?: Readonly<Record<string, string>> | undefined;
  /** Port that nodes listen on, unless the annotation `wscluster.io/port` says otherwise. */
  readonly port: number;
  /** Seconds that a node may take to let its clients go. */
  readonly drainSeconds: number;
  /** Managed nodes get the brokers' URLs, to follow the ring. */
  readonly followRing: boolean;
  /** Where the URLs of the brokers are. */
  readonly rabbitmq: SecretKeyRef;
  readonly redis: SecretKeyRef;
}
