import type { V1PodSpec } from '@kubernetes/client-node';
import type { ReadinessRule } from '../../core/ports/readiness-rule.ts';
import type { SecretKeyRef } from '../../core/spec/brokers-schema.ts';

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
  /** Managed nodes are created from it; without it, none can be. */
  readonly template?: PodTemplate | undefined;
  /** Labels that make a pod of somebody else a node; all must match. */
  readonly selector?: Readonly<Record<string, string>> | undefined;
  /** Port that nodes listen on, unless the annotation `wscluster.io/port` says otherwise. */
  readonly port: number;
  /** When a managed node is ready, unless its template has a readinessProbe; default: when it accepts connections. */
  readonly readiness?: ReadinessRule;
  /** Seconds that a draining node may take to hand over its clients. */
  readonly drainSeconds: number;
  /** Whether managed nodes get the brokers' URLs, to follow the ring. */
  readonly followRing: boolean;
  /** Where the brokers' URLs are. */
  readonly rabbitmq: SecretKeyRef;
  readonly redis: SecretKeyRef;
}
