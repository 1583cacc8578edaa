import { InProgress } from '@wscluster/service';
import { Redis } from 'ioredis';
import { backoffMs } from '../backoff.ts';
import { reasonOf } from '../outage.ts';
import type { RedisAddress } from './address.ts';

export interface RedisClientOptions {
  readonly address: RedisAddress;
  /** Milliseconds in which a command must be answered. */
  readonly timeoutMs: number;
  onReady(): void;
  /** The connection was lost or could not be made, and is tried again. `reason` is in the words of ioredis or Redis. */
  onLost(reason: string): void;
}

/** There are few followers and controllers, and a lock must be renewed soon after Redis is back. */
const BACKOFF = { minMs: 50, maxMs: 1_000 };

/** Milliseconds until a server that accepts no connection, or does not answer on one, is given up. */
const SILENCE_MS = 3_000;

/** Milliseconds in which the other end must follow when the connection is closed. */
const CLOSE_DEADLINE_MS = 100;

/**
 * A connection to one address, which is made again whenever it is lost, until closed. Commands are not queued while
 * there is none.
 */
export class RedisClient {
  readonly address: RedisAddress;
  readonly #redis: Redis;
  readonly #working = new InProgress();
  #closing: Promise<void> | undefined;
  #failure: string | undefined;

  constructor({ address, timeoutMs, onReady, onLost }: RedisClientOptions) {
    this.address = address;
    this.#redis = new Redis({
      ...address.options,
      // RESP3 is not needed, and some proxies refuse it.
      protocol: 2,
      replyMapping: 'legacy',
      connectionName: 'wscluster',
      disableClientInfo: true,
      connectTimeout: SILENCE_MS,
      socketTimeout: SILENCE_MS,
      commandTimeout: timeoutMs,
      disconnectTimeout: CLOSE_DEADLINE_MS,
      maxLoadingRetryTime: 500,
      retryStrategy: (attempt) => backoffMs(attempt, BACKOFF),
      // After a failover behind the same address the former primary still answers, but is read-only.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
      // A command that was reported as failed must not be executed later, after newer ones.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
    });
    // Only the message, since the error of a refused AUTH contains the password.
    this.#redis.on('error', (error: Error) => {
      this.#failure ??= reasonOf(error);
      // ioredis would continue in database 0.
      if (/DB index/.test(error.message)) this.#redis.disconnect(true);
    });
    this.#redis.on('ready', () => {
      this.#failure = undefined;
      if (this.#closing === undefined) onReady();
    });
    this.#redis.on('close', () => {
      const reason = this.#failure ?? 'Redis closed the connection';
      this.#failure = undefined;
      if (this.#closing === undefined) onLost(reason);
    });
  }

  get ready(): boolean {
    return this.#redis.status === 'ready';
  }

  /** The result of a command; rejects at once if there is no connection. */
  run<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    const done = command(this.#redis);
    this.#working.add(done);
    return done;
  }

  /** Waits for commands in progress, then closes the connection. No callback is called from now on. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#working.settled();
    const { status } = this.#redis;
    const ended = new Promise<void>((resolve) => {
      if (status === 'reconnecting' || status === 'end') resolve();
      else this.#redis.once('end', () => resolve());
    });
    this.#redis.disconnect();
    await ended;
  }
}
