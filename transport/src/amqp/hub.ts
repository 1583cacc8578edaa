import { parseUplink } from '@wscluster/ring';
import { within } from '@wscluster/service';
import type { HubHandlers, RingBusHub } from '../ring-bus.ts';
import type { AmqpBusOptions } from './options.ts';
import { messageReader } from './read-messages.ts';
import { AmqpSession } from './session.ts';
import { reportsExchange, ringsExchange } from './topology.ts';

/**
 * Milliseconds for which a starting controller waits for its bus: a moment, but not long enough to wait for a broker to
 * return.
 */
const FIRST_TRY_MS = 2_000;

/** Many gateways report at the same time when they apply a ring. */
const QUEUE = { maxMessages: 20_000, maxBytes: 64 * 1024 * 1024 };

/**
 * The controller's end of a bus on RabbitMQ (3.8 or later). Resolves when it is connected, or when the first attempt
 * has failed, after at most 2 s; it then keeps trying. Throws CONFIG_INVALID for an invalid URL. A cluster may have
 * several hubs, and each receives every message. No handler is called after close().
 */
export async function openAmqpHub({ url, cluster, log }: AmqpBusOptions, handlers: HubHandlers): Promise<RingBusHub> {
  const session = new AmqpSession({
    url,
    name: `wscluster controller of ${cluster}`,
    log,
    listener: { cluster, exchange: reportsExchange(cluster), ...QUEUE },
    onMessage: messageReader(cluster, parseUplink, log, (message) => handlers.onUplink(message)),
    onConnected: () => {},
    onDisconnected: () => {},
  });
  await within(FIRST_TRY_MS, session.firstTry);
  return {
    get connectedSince() {
      return session.connectedSince;
    },
    broadcast: (message) => session.send(ringsExchange(cluster), message),
    close: () => session.close(),
  };
}
