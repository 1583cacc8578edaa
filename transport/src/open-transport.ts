import { join } from 'node:path';
import type { Logger } from '@wscluster/service';
import { openAmqpFollower } from './amqp/follower.ts';
import { openAmqpHub } from './amqp/hub.ts';
import { type BrokerUrls, brokersOf } from './broker-options.ts';
import { openFileStore } from './local/file-store.ts';
import { openLocalFollower } from './local/follower.ts';
import { openLocalHub } from './local/hub.ts';
import { openRedisStore } from './redis/store.ts';
import type { FollowerHandlers, HubHandlers, RingBusFollower, RingBusHub } from './ring-bus.ts';
import type { RingStore } from './ring-store.ts';

export interface TransportOptions extends BrokerUrls {
  readonly cluster: string;
  /** Folder with a subfolder for each cluster; used if no brokers are given. */
  readonly stateDir: string;
  readonly log: Logger;
}

/** Bus and store of one cluster, as all its processes reach them. */
export interface RingTransport {
  openHub(handlers: HubHandlers): Promise<RingBusHub>;
  openFollower(handlers: FollowerHandlers): Promise<RingBusFollower>;
  openStore(): RingStore;
}

/**
 * RabbitMQ and Redis if their URLs are given, else a socket and a file. Throws CONFIG_INVALID if only one URL is given.
 */
export function openTransport({ cluster, stateDir, log, ...urls }: TransportOptions): RingTransport {
  const brokers = brokersOf(urls);
  if (brokers !== undefined) {
    const { rabbitmqUrl, redisUrl } = brokers;
    return {
      openHub: (handlers) => openAmqpHub({ url: rabbitmqUrl, cluster, log }, handlers),
      openFollower: (handlers) => openAmqpFollower({ url: rabbitmqUrl, cluster, log }, handlers),
      openStore: () => openRedisStore({ url: redisUrl, cluster, log }),
    };
  }
  const folder = join(stateDir, cluster);
  const socketPath = join(folder, 'bus.sock');
  return {
    openHub: (handlers) => openLocalHub({ socketPath, log }, handlers),
    openFollower: async (handlers) => openLocalFollower({ socketPath, log }, handlers),
    openStore: () => openFileStore({ path: join(folder, 'ring.json') }),
  };
}
