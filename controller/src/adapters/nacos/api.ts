import type { Instance } from './instances.ts';

/** Which service, and which part of it. */
export interface ServiceName {
  readonly namespace: string;
  readonly group: string;
  readonly service: string;
  readonly clusterName: string;
}

export interface ServiceView {
  /** It holds, or is made for, ephemeral instances: persistent ones are refused. Undefined where the API does not say. */
  readonly ephemeral: boolean | undefined;
  /** Nacos leaves the health of the instances of our cluster to those who register them. */
  readonly healthUnchecked: boolean;
  /** Somebody gave the service metadata, a threshold or a selector: it is theirs, even when it is empty. */
  readonly configured: boolean;
}

/**
 * One generation of the HTTP API of Nacos, for one service. All reject with REGISTRY_UNAVAILABLE, or with ApiMissing when
 * the server does not have this generation. What is written shows in `service` and `instances` up to a second later.
 */
export interface NacosApi {
  readonly generation: 'v1' | 'v3';
  /** Undefined: there is no such service. */
  service(): Promise<ServiceView | undefined>;
  /** Makes the service, for persistent instances, unless it exists. */
  createService(): Promise<void>;
  /** Sets the health checker of our cluster to NONE. The service must exist. */
  leaveHealthAlone(): Promise<void>;
  /** All instances of our cluster of the service, disabled ones included. */
  instances(): Promise<Instance[]>;
  /** Writes what the instance says of itself, its health included. */
  register(instance: Instance): Promise<void>;
  /** Writes what is said about the instance (weight, enabled, metadata), which Nacos puts above `register`. */
  override(instance: Instance): Promise<void>;
  deregister(instance: Instance): Promise<void>;
  /** Removes the service unless it holds instances. */
  deleteService(): Promise<void>;
}
