import type { V1EnvVar, V1Volume, V1VolumeMount } from '@kubernetes/client-node';
import { WsClusterError } from '@wscluster/ring';
import type { SecretKeyRef } from '../../core/spec/brokers-schema.ts';
import type { ClusterSpec } from '../../core/spec/schema.ts';

const PATH = '/etc/wscluster/brokers';
const RABBITMQ = 'rabbitmq-url';
const REDIS = 'redis-url';

/** The URLs of both brokers as files: kubelet updates them when a Secret changes, and the gateway watches them. */
export interface BrokersVolume {
  readonly volume: V1Volume;
  readonly mount: V1VolumeMount;
  readonly env: readonly V1EnvVar[];
}

/** Throws CONFIG_INVALID for a spec that names no Secret. */
export function brokersVolume({ bus, store }: ClusterSpec): BrokersVolume {
  if (bus === undefined || store === undefined) {
    const field = bus === undefined ? 'spec.bus.rabbitmq.secretRef' : 'spec.store.redis.secretRef';
    throw new WsClusterError('CONFIG_INVALID', `${field}: is required`, { field });
  }
  return {
    volume: {
      name: 'brokers',
      projected: {
        defaultMode: 0o440,
        sources: [source(bus.rabbitmq.secretRef, RABBITMQ), source(store.redis.secretRef, REDIS)],
      },
    },
    mount: { name: 'brokers', mountPath: PATH, readOnly: true },
    env: [
      { name: 'WSCLUSTER_RABBITMQ_URL_FILE', value: `${PATH}/${RABBITMQ}` },
      { name: 'WSCLUSTER_REDIS_URL_FILE', value: `${PATH}/${REDIS}` },
    ],
  };
}

function source({ name, key }: SecretKeyRef, path: string) {
  return { secret: { name, items: [{ key, path }] } };
}
