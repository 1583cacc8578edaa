import { parseBroadcast } from '@wscluster/ring';
import type { FollowerHandlers, RingBusFollower } from '../ring-bus.ts';
import type { AmqpBusOptions } from './options.ts';
import { messageReader } from './read-messages.ts';
import { AmqpSession } from './session.ts';
import { reportsExchange, ringsExchange } from './topology.ts';

/** A ring may take a megabyte, and the store has the last one anyway. */
const QUEUE = { maxMessages: 200, maxBytes: 16 * 1024 * 1024 };

/**
 * A follower's end of a bus on RabbitMQ (3.8 or later). It connects in the background until closed, however long the
 * broker is unavailable. Throws CONFIG_INVALID for an invalid URL. No handler is called before this resolves or after
 * close().
 */
export async function openAmqpFollower(
  { url, cluster, log }: AmqpBusOptions,
  handlers: FollowerHandlers,
): Promise<RingBusFollower> {
  const session = new AmqpSession({
    url,
    name: `wscluster follower of ${cluster}`,
    log,
    listener: { cluster, exchange: ringsExchange(cluster), ...QUEUE },
    onMessage: messageReader(cluster, parseBroadcast, log, (message) => handlers.onBroadcast(message)),
    onConnected: () => handlers.onConnected(),
    onDisconnected: () => handlers.onDisconnected(),
  });
  return {
    get connected() {
      return session.connected;
    },
    send: (message) => session.send(reportsExchange(cluster), message),
    close: () => session.close(),
  };
}
