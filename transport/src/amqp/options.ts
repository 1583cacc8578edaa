import type { Logger, TextSource } from '@wscluster/service';

export interface AmqpBusOptions {
  /**
   * `amqp://[user:password@]host[:port][/vhost]`, or `amqps://` for TLS. When it changes, a new connection is made
   * before the old one is closed.
   */
  readonly url: TextSource;
  readonly cluster: string;
  readonly log: Logger;
}

/** Seconds between two heartbeats of the broker. It counts as gone when two to three of them are missing. */
export const HEARTBEAT_SECONDS = 3;

/** Waits between attempts to connect. The longest is also the longest time until a returned broker is found. */
export const RECONNECT = { minMs: 50, maxMs: 1_500 };
