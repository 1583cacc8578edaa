import { WsClusterError } from '@wscluster/ring';
import { type LiveText, liveText, type OptionSpecs, type TextSource } from '@wscluster/service';
import { z } from 'zod';

/**
 * The options for the brokers that carry and keep rings instead of a local folder. All processes of a cluster use the
 * same two.
 */
export const brokerOptions = {
  rabbitmqUrl: {
    schema: z.url({ protocol: /^amqps?$/, error: 'must be amqp://user:password@host:5672/vhost' }).optional(),
    help: 'RabbitMQ that carries the rings, amqp:// or amqps://; needs --redis-url (default: a socket in the state folder)',
    live: true,
  },
  redisUrl: {
    schema: z.url({ protocol: /^rediss?$/, error: 'must be redis://user:password@host:6379/0' }).optional(),
    help: 'Redis that keeps the rings, redis:// or rediss://; needs --rabbitmq-url (default: files in the state folder)',
    live: true,
  },
} satisfies OptionSpecs;

export interface BrokerUrls {
  readonly rabbitmqUrl?: TextSource | undefined;
  readonly redisUrl?: TextSource | undefined;
}

/** Both URLs, or undefined if neither is given. Throws CONFIG_INVALID if only one is given, since rings need both. */
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
    `--${missing}: is required with --${given}: one carries the rings, the other keeps them`,
    {
      field: missing ?? '',
    },
  );
}
