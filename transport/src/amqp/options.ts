import type { Logger, TextSource } from '@wscluster/service';

export interface AmqpBusOptions {
  /** `amqp://[user:password@]host[:port][/vhost]`, or `amqps://` for TLS. When it changes a new connection is made before the old one goes. */
  readonly url: TextSource;
  readonly cluster: string;
  readonly log: Logger;
}

/** Seconds between two signs of life of the broker. It counts as gone after two to three of them are missing. */
export const HEARTBEAT_SECONDS = 3;

/** Waits between tries to connect. The longest bounds how long after its return a broker is found again. */
export const RECONNECT = { minMs: 50, maxMs: 1_500 };
