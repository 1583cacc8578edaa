import { WsClusterError } from '@wscluster/ring';
import type { Logger, SettableText } from '@wscluster/service';
import type { ClusterSpec } from '../../core/spec/schema.ts';
import type { Kube } from '../client/kube.ts';
import type { ClusterIdentity } from '../names.ts';
import { Secrets } from './secrets.ts';

/** The values of a cluster's Secrets, kept only in memory: the Secrets may be deleted before the cluster is. */
export interface KnownSecrets {
  readonly rabbitmqUrl: string;
  readonly redisUrl: string;
  /** The values of the registry's Secret; undefined if the spec names none. */
  readonly nacos: Readonly<Record<string, string>> | undefined;
}

/** The Secrets that the spec of a cluster refers to, kept current until closed. */
export interface ClusterSecrets {
  readonly rabbitmqUrl: SettableText;
  readonly redisUrl: SettableText;
  readonly known: KnownSecrets;
  /** Why one of them is unusable; its last value stays in use meanwhile. */
  readonly problem: string | undefined;
  close(): void;
}

export interface ClusterSecretsParts {
  readonly kube: Kube;
  readonly log: Logger;
}

/** Rejects with CONFIG_INVALID naming the field whose Secret is missing. */
export async function openSecrets(
  { kube, log }: ClusterSecretsParts,
  { id, namespace }: ClusterIdentity,
  { bus, store, registry }: ClusterSpec,
): Promise<ClusterSecrets> {
  if (bus === undefined || store === undefined)
    throw new WsClusterError('INTERNAL', 'a cluster without brokers was let pass');
  const secrets = new Secrets({ kube, namespace, log: log.child({ cluster: id }) });
  try {
    const rabbitmqUrl = await secrets.url('spec.bus.rabbitmq.secretRef', bus.rabbitmq.secretRef, /^amqps?:$/);
    const redisUrl = await secrets.url('spec.store.redis.secretRef', store.redis.secretRef, /^rediss?:$/);
    const nacosRef = registry.nacos?.secretRef;
    const nacos = nacosRef && (await secrets.values('spec.registry.nacos.secretRef', nacosRef.name));
    return {
      ...{ rabbitmqUrl, redisUrl },
      get known() {
        return { rabbitmqUrl: rabbitmqUrl.value, redisUrl: redisUrl.value, nacos: nacos?.current() };
      },
      get problem() {
        return secrets.problem;
      },
      close: () => secrets.close(),
    };
  } catch (error) {
    secrets.close();
    throw error;
  }
}

/**
 * The present values of the Secrets, or else their last known values. Rejects as `openSecrets` does if there are none.
 */
export async function presentSecrets(
  parts: ClusterSecretsParts,
  cluster: ClusterIdentity,
  spec: ClusterSpec,
  known?: KnownSecrets,
): Promise<KnownSecrets> {
  try {
    const secrets = await openSecrets(parts, cluster, spec);
    secrets.close();
    return secrets.known;
  } catch (error) {
    if (known === undefined) throw error;
    return known;
  }
}
