import type { ConfirmChannel } from 'amqplib';

/** The exchange by which a controller reaches all followers of a cluster. */
export const ringsExchange = (cluster: string) => `wscluster.${cluster}.rings`;

/**
 * The exchange by which followers reach the controllers. A fanout too, and not a queue that controllers share: those
 * that wait to lead must hear every report as well, since the epoch to take and the connections by slot come from them;
 * and nothing piles up while no controller is there.
 */
export const reportsExchange = (cluster: string) => `wscluster.${cluster}.reports`;

/** What one process that hangs may leave in the broker before the oldest is dropped. */
export interface QueueBounds {
  readonly messages: number;
  readonly bytes: number;
}

/** Milliseconds after which a message that waits is of no use: heartbeats and reports come each second. */
const MESSAGE_TTL_MS = 10_000;

/**
 * Declares both exchanges of the cluster, and a queue of this connection's own that hears `exchange` from now on.
 * Returns the name of the queue, which goes with the connection.
 */
export async function declareListener(
  channel: ConfirmChannel,
  cluster: string,
  exchange: string,
  bounds: QueueBounds,
): Promise<string> {
  // Publishing to an exchange that is missing closes the channel, so both ends declare both.
  await channel.assertExchange(ringsExchange(cluster), 'fanout', { durable: true });
  await channel.assertExchange(reportsExchange(cluster), 'fanout', { durable: true });
  const { queue } = await channel.assertQueue('', {
    exclusive: true,
    autoDelete: true,
    durable: false,
    messageTtl: MESSAGE_TTL_MS,
    maxLength: bounds.messages,
    arguments: { 'x-max-length-bytes': bounds.bytes, 'x-overflow': 'drop-head' },
  });
  await channel.bindQueue(queue, exchange, '');
  return queue;
}
