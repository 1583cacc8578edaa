import type { SettableText } from '@wscluster/service';
import type { RingTransport } from '@wscluster/transport';
import type { Registry } from '../../core/ports/registry.ts';
import type { NacosSpec } from '../../core/spec/registry-schema.ts';
import type { KnownSecrets } from './cluster-secrets.ts';

export type RegistryCredentials = { readonly token: string } | { readonly username: string; readonly password: string };

export interface RegistryRequest {
  readonly nacos: NacosSpec;
  /** Name of the service if the spec names none. */
  readonly service: string;
  /** Owner of the instances. */
  readonly owner: string;
  /** `own`: the credentials that the controller was started with. */
  readonly credentials: 'own' | (() => RegistryCredentials | undefined);
}

/** Opens store and bus of a cluster's rings. */
export type OpenTransport = (urls: {
  readonly rabbitmqUrl: SettableText;
  readonly redisUrl: SettableText;
}) => Pick<RingTransport, 'openHub' | 'openStore'>;

/** The servers outside of Kubernetes that clusters use; wiring knows how to reach them. */
export interface Servers {
  /**
   * What this returns knows the newest ring that any of its stores has seen. A resource that is created again under the
   * same name is another cluster, and needs a call of its own.
   */
  transportOf(cluster: string): OpenTransport;
  openRegistry(request: RegistryRequest): Promise<Registry>;
  /** Removes a cluster's data from its brokers. Rejects with BUS_UNAVAILABLE or STORE_UNAVAILABLE. */
  forget(cluster: string, urls: Pick<KnownSecrets, 'rabbitmqUrl' | 'redisUrl'>): Promise<void>;
}
