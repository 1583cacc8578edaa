import type { ConfirmChannel } from 'amqplib';

/** The exchange through which a controller reaches all followers of a cluster. */
export const ringsExchange = (cluster: string) => `wscluster.${cluster}.rings`;

/**
 * The exchange through which followers reach the controllers. It is a fanout too, not a queue that controllers share:
 * standbys must receive every report, since a new leader takes its epoch and the connections by slot from them. It also
 * means that nothing piles up while there is no controller.
 */
export const reportsExchange = (cluster: string) => `wscluster.${cluster}.reports`;

/** What one end of the bus receives. */
export interface Listener {
  readonly cluster: string;
  /** One of the two exchanges of the cluster. */
  readonly exchange: string;
  /** Most messages that wait in the broker for a process that hangs; beyond them the oldest are dropped. */
  readonly maxMessages: number;
  readonly maxBytes: number;
}

/** Milliseconds after which a waiting message is useless: heartbeats and reports are sent every second. */
const MESSAGE_TTL_MS = 10_000;

/** Declares a queue that is deleted with this connection, and binds it. Returns its name. */
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

/** Declares both exchanges and the binding if they are missing; changes nothing if they exist. */
export async function bindQueue(channel: ConfirmChannel, listener: Listener, queue: string): Promise<void> {
  // Publishing to a missing exchange closes the channel, so both ends declare both exchanges.
  await channel.assertExchange(ringsExchange(listener.cluster), 'fanout', { durable: true });
  await channel.assertExchange(reportsExchange(listener.cluster), 'fanout', { durable: true });
  await channel.bindQueue(queue, listener.exchange, '');
}
