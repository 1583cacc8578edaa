import { afterEach, beforeEach } from 'vitest';
import { openTcpRelay, type TcpRelay } from '../../contracts/support/tcp-relay.ts';
import type { Brokers } from './brokers.ts';

/** The ways from one controller to Redis and to RabbitMQ. */
export interface BrokerRelays {
  readonly redis: TcpRelay;
  readonly rabbitmq: TcpRelay;
  /** As a system takes them. */
  readonly urls: { readonly redisUrl: string; readonly rabbitmqUrl: string };
}

/** Relays of its own for each of so many controllers, anew for each test of a file. */
export function useBrokerRelays(brokers: () => Brokers, controllers: number): () => readonly BrokerRelays[] {
  const relays: BrokerRelays[] = [];
  beforeEach(async () => {
    const { redis, rabbitmq, urls } = brokers();
    while (relays.length < controllers) {
      const toRedis = await openTcpRelay(redis.address);
      const toRabbitmq = await openTcpRelay(rabbitmq.address);
      const [redisUrl, rabbitmqUrl] = [through(toRedis, urls.redisUrl), through(toRabbitmq, urls.rabbitmqUrl)];
      relays.push({ redis: toRedis, rabbitmq: toRabbitmq, urls: { redisUrl, rabbitmqUrl } });
    }
  });
  afterEach(async () => {
    await Promise.all(relays.splice(0).flatMap(({ redis, rabbitmq }) => [redis.close(), rabbitmq.close()]));
  });
  return () => relays;
}

/** Lets nothing through any more, and ends what is open. */
export function cut(relay: TcpRelay): void {
  relay.cutOff();
  relay.break();
}

function through(relay: TcpRelay, url: string): string {
  const relayed = new URL(url);
  relayed.hostname = '127.0.0.1';
  relayed.port = String(relay.port);
  return relayed.href;
}
