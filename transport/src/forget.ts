import { messageOf, WsClusterError } from '@wscluster/ring';
import { type Logger, liveText, type TextSource } from '@wscluster/service';
import { connect } from 'amqplib';
import { parseAmqpUrl } from './amqp/address.ts';
import { reportsExchange, ringsExchange } from './amqp/topology.ts';
import { connectRedis } from './redis/connection.ts';
import { documentsKey, leaderKey, ringKey } from './redis/keys.ts';

const TIMEOUT_MS = 3_000;
const HEARTBEAT_SECONDS = 5;

export interface ForgottenCluster {
  readonly rabbitmqUrl: TextSource;
  readonly redisUrl: TextSource;
  readonly cluster: string;
  readonly log: Logger;
}

/**
 * Deletes what a former cluster left in RabbitMQ and Redis. No process of the cluster may still be running, or it would
 * create it again. Tries each once; rejects with BUS_UNAVAILABLE or STORE_UNAVAILABLE if that fails.
 */
export async function forgetCluster({ rabbitmqUrl, redisUrl, cluster, log }: ForgottenCluster): Promise<void> {
  const ends = await Promise.allSettled([
    forgetBus(liveText(rabbitmqUrl).value, cluster),
    forgetStore(redisUrl, cluster, log),
  ]);
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
}

async function forgetBus(url: string, cluster: string): Promise<void> {
  const address = parseAmqpUrl(url, HEARTBEAT_SECONDS);
  try {
    const model = await connect(address.url, { timeout: TIMEOUT_MS });
    model.on('error', () => {}); // the call below rejects, too
    try {
      const channel = await model.createChannel();
      channel.on('error', () => {});
      for (const exchange of [ringsExchange(cluster), reportsExchange(cluster)]) await channel.deleteExchange(exchange);
    } finally {
      await model.close().catch(() => {});
    }
  } catch (error) {
    throw new WsClusterError('BUS_UNAVAILABLE', `${address.text}: ${messageOf(error)}`, { cause: error });
  }
}

async function forgetStore(url: TextSource, cluster: string, log: Logger): Promise<void> {
  const connection = connectRedis({ url, log, timeoutMs: TIMEOUT_MS });
  try {
    await connection.run((redis) => redis.del(ringKey(cluster), documentsKey(cluster), leaderKey(cluster)));
  } finally {
    await connection.close();
  }
}
