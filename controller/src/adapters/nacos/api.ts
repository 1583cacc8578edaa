import type { Instance } from './instances.ts';

/** The service, and the part of it. */
export interface ServiceName {
  readonly namespace: string;
  readonly group: string;
  readonly service: string;
  readonly clusterName: string;
}

export interface ServiceView {
  /**
   * The service has, or is made for, ephemeral instances: persistent ones are refused. Undefined where the API does not
   * say.
   */
  readonly ephemeral: boolean | undefined;
  /** Nacos leaves the health of the instances in our part of the service to whoever registers them. */
  readonly healthUnchecked: boolean;
  /** Somebody has given the service metadata, a threshold or a selector: it is theirs, even if it is empty. */
  readonly configured: boolean;
}

/**
 * One generation of Nacos' HTTP API, for one service. All calls reject with REGISTRY_UNAVAILABLE, or with ApiMissing if
 * the server does not have this generation. `service` and `instances` may show a write up to a second later.
 */
export interface NacosApi {
  readonly generation: 'v1' | 'v3';
  /** Undefined: there is no such service. */
  service(): Promise<ServiceView | undefined>;
  /** Creates the service, for persistent instances, unless it exists. */
  createService(): Promise<void>;
  /** Sets the health checker of our part of the service to NONE. The service must exist. */
  leaveHealthAlone(): Promise<void>;
  /** All instances in our part of the service, including disabled ones. */
  instances(): Promise<Instance[]>;
  /** Writes the instance's own data, including its health. */
  register(instance: Instance): Promise<void>;
  /**
   * Writes what others say about the instance (weight, enabled, metadata). Nacos gives that precedence over `register`.
   */
  override(instance: Instance): Promise<void>;
  deregister(instance: Instance): Promise<void>;
  /** Removes the service unless it has instances. */
  deleteService(): Promise<void>;
}
