import type { RingMessage } from '@wscluster/ring';
import { silentLogger } from '@wscluster/service';
import {
  type RabbitmqServer,
  type RealServer,
  type RedisServer,
  rabbitmqServer,
  redisServer,
} from '@wscluster/testbed';
import { openRedisStore } from '@wscluster/transport';
import { connect } from 'amqplib';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { until } from '../../e2e/support/wait.ts';

export interface Brokers {
  readonly redis: RedisServer;
  readonly rabbitmq: RabbitmqServer;
  /** As a system takes them. */
  readonly urls: { readonly rabbitmqUrl: string; readonly redisUrl: string };
}

/** A real Redis and a real RabbitMQ for the tests of a file. Whoever ends one starts it again. */
export function useBrokers(): () => Brokers {
  const servers: RealServer[] = [];
  let brokers: Brokers | undefined;
  beforeAll(async () => {
    const redis = await redisServer();
    servers.push(redis);
    const rabbitmq = await rabbitmqServer();
    servers.push(rabbitmq);
    brokers = { redis, rabbitmq, urls: { redisUrl: redis.url, rabbitmqUrl: rabbitmq.url } };
  });
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.dispose()));
  });
  return () => {
    if (brokers === undefined) throw new Error('there are brokers only within a test');
    return brokers;
  };
}

/** The ring that Redis holds. */
export async function storedRing(redisUrl: string, cluster: string): Promise<RingMessage | undefined> {
  const store = openRedisStore({ url: redisUrl, cluster, log: silentLogger });
  try {
    return await store.load();
  } finally {
    await store.close();
  }
}

/** The answer of one command to Redis, past our adapters. */
export async function askRedis(redisUrl: string, command: string, ...args: string[]): Promise<unknown> {
  const redis = new Redis(redisUrl, { lazyConnect: true });
  try {
    await redis.connect();
    return await redis.call(command, ...args);
  } finally {
    redis.disconnect();
  }
}

/**
 * Waits until each of two controllers has read the documents in Redis since now. Each reads two of them every second:
 * of nine reads, the one that reads less often has made three.
 */
export async function documentsAreRead(redisUrl: string): Promise<void> {
  const reads = async () => {
    const stats = String(await askRedis(redisUrl, 'INFO', 'commandstats'));
    return Number(/cmdstat_hget:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  };
  const before = await reads();
  await until('both controllers have read the documents', async () => (await reads()) >= before + 9);
}

/** Whether RabbitMQ has an exchange of this name. */
export async function hasExchange(rabbitmqUrl: string, name: string): Promise<boolean> {
  const connection = await connect(rabbitmqUrl);
  try {
    const channel = await connection.createChannel();
    channel.on('error', () => {}); // it closes the channel when there is none
    return await channel.checkExchange(name).then(
      () => true,
      (error: { code?: number }) => {
        if (error.code === 404) return false;
        throw error;
      },
    );
  } finally {
    await connection.close();
  }
}
