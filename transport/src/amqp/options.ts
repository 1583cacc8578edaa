import type { Logger } from '@wscluster/service';

export interface AmqpBusOptions {
  /** `amqp://[user:password@]host[:port][/vhost]`, or `amqps://` for TLS. */
  readonly url: string;
  readonly cluster: string;
  readonly log: Logger;
}

/** Seconds between two signs of life of the broker. It counts as gone after two to three of them are missing. */
export const HEARTBEAT_SECONDS = 3;
