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
  /** Whose the instances are. */
  readonly owner: string;
  /** `own`: those that the controller was started with. */
  readonly credentials: 'own' | (() => RegistryCredentials | undefined);
}

/** The servers outside of Kubernetes that clusters use. How they are spoken to, wiring knows. */
export interface Servers {
  /** Store and bus of a cluster's rings. */
  openTransport(
    cluster: string,
    urls: { readonly rabbitmqUrl: SettableText; readonly redisUrl: SettableText },
  ): Pick<RingTransport, 'openHub' | 'openStore'>;
  openRegistry(request: RegistryRequest): Promise<Registry>;
  /** Removes what a cluster has in its brokers. Rejects with BUS_UNAVAILABLE or STORE_UNAVAILABLE. */
  forget(cluster: string, urls: Pick<KnownSecrets, 'rabbitmqUrl' | 'redisUrl'>): Promise<void>;
}
