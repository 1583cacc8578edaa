import type { ConfirmChannel } from 'amqplib';

/** The exchange by which a controller reaches all followers of a cluster. */
export const ringsExchange = (cluster: string) => `wscluster.${cluster}.rings`;

/**
 * The exchange by which followers reach the controllers. A fanout too, and not a queue that controllers share: those
 * that wait to lead must hear every report as well, since the epoch to take and the connections by slot come from them;
 * and nothing piles up while no controller is there.
 */
export const reportsExchange = (cluster: string) => `wscluster.${cluster}.reports`;

/** What one end of the bus hears. */
export interface Listener {
  readonly cluster: string;
  /** One of the two exchanges of the cluster. */
  readonly exchange: string;
  /** What may wait in the broker for a process that hangs; then the oldest is dropped. */
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/** Milliseconds after which a message that waits is of no use: heartbeats and reports come each second. */
const MESSAGE_TTL_MS = 10_000;

/** Makes a queue that goes with this connection, and lets it hear what is sent from now on. Returns its name. */
export async function declareQueue(channel: ConfirmChannel, listener: Listener): Promise<string> {
  const { queue } = await channel.assertQueue('', {
    exclusive: true,
    autoDelete: true,
    durable: false,
    messageTtl: MESSAGE_TTL_MS,
    maxLength: listener.maxMessages,
    arguments: { 'x-max-length-bytes': listener.maxBytes, 'x-overflow': 'drop-head' },
  });
  await bindQueue(channel, listener, queue);
  return queue;
}

/** Makes both exchanges and the binding where they are missing; changes nothing where they are there. */
export async function bindQueue(channel: ConfirmChannel, listener: Listener, queue: string): Promise<void> {
  // Publishing to an exchange that is missing closes the channel, so both ends declare both.
  await channel.assertExchange(ringsExchange(listener.cluster), 'fanout', { durable: true });
  await channel.assertExchange(reportsExchange(listener.cluster), 'fanout', { durable: true });
  await channel.bindQueue(queue, listener.exchange, '');
}
