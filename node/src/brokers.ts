import type { Logger, TextSource } from '@wscluster/service';
import { openAmqpFollower, openRedisStore } from '@wscluster/transport';
import type { RingSource } from './ring-view.ts';

// Imported only if needed, since the library works without the clients of RabbitMQ and Redis.

export interface BrokerSourceOptions {
  readonly cluster: string;
  readonly rabbitmqUrl: TextSource;
  readonly redisUrl: TextSource;
  readonly log: Logger;
}

/** Bus and store of a ring on RabbitMQ and Redis. */
export function brokerSource({ cluster, rabbitmqUrl, redisUrl, log }: BrokerSourceOptions): RingSource {
  return {
    openFollower: (handlers) => openAmqpFollower({ url: rabbitmqUrl, cluster, log }, handlers),
    openReader: () => openRedisStore({ url: redisUrl, cluster, log }),
  };
}
