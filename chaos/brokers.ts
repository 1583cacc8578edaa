import { type RabbitmqServer, type RedisServer, rabbitmqServer, redisServer } from '@wscluster/testbed';
import { RedisSnapshot } from './faults/redis-snapshot.ts';

/** The servers of a run with `--brokers`, and what its faults restore Redis to. */
export interface Brokers {
  readonly redis: RedisServer;
  readonly rabbitmq: RabbitmqServer;
  readonly snapshot: RedisSnapshot;
  /** Kills both servers and removes their folders. */
  dispose(): Promise<void>;
}

export async function startBrokers(): Promise<Brokers> {
  const redis = await redisServer();
  try {
    const rabbitmq = await rabbitmqServer();
    return {
      ...{ redis, rabbitmq, snapshot: new RedisSnapshot(redis.url) },
      async dispose() {
        await Promise.all([redis.dispose(), rabbitmq.dispose()]);
      },
    };
  } catch (error) {
    await redis.dispose();
    throw error;
  }
}
