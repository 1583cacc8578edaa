import { WsClusterError } from '@wscluster/ring';
import { type LiveText, liveText, type OptionSpecs, type TextSource } from '@wscluster/service';
import { z } from 'zod';

/** Where rings are carried and kept when not in a local folder; every process of a cluster takes the same two. */
export const brokerOptions = {
  rabbitmqUrl: {
    schema: z.url({ protocol: /^amqps?$/, error: 'must be amqp://user:password@host:5672/vhost' }).optional(),
    help: 'RabbitMQ that carries the rings, amqp:// or amqps://; with redisUrl (no default: a socket in stateDir)',
    live: true,
  },
  redisUrl: {
    schema: z.url({ protocol: /^rediss?$/, error: 'must be redis://user:password@host:6379/0' }).optional(),
    help: 'Redis that keeps the rings, redis:// or rediss://; with rabbitmqUrl (no default: files in stateDir)',
    live: true,
  },
} satisfies OptionSpecs;

export interface BrokerUrls {
  readonly rabbitmqUrl?: TextSource | undefined;
  readonly redisUrl?: TextSource | undefined;
}

/** Both URLs, or undefined without any. Throws CONFIG_INVALID when one is missing: rings need a way and a place. */
export function brokersOf({
  rabbitmqUrl,
  redisUrl,
}: BrokerUrls): { rabbitmqUrl: LiveText; redisUrl: LiveText } | undefined {
  if (rabbitmqUrl === undefined && redisUrl === undefined) return undefined;
  if (rabbitmqUrl !== undefined && redisUrl !== undefined)
    return { rabbitmqUrl: liveText(rabbitmqUrl), redisUrl: liveText(redisUrl) };
  const [given, missing] = redisUrl === undefined ? ['rabbitmq-url', 'redis-url'] : ['redis-url', 'rabbitmq-url'];
  throw new WsClusterError(
    'CONFIG_INVALID',
    `--${missing}: is needed with --${given}: one carries the rings, the other keeps them`,
    {
      field: missing ?? '',
    },
  );
}
