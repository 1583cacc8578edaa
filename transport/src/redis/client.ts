import { Redis } from 'ioredis';
import { backoffMs } from '../backoff.ts';
import { reasonOf } from '../outage.ts';
import type { RedisAddress } from './address.ts';

export interface RedisClientOptions {
  readonly address: RedisAddress;
  /** Milliseconds for a command's answer. */
  readonly timeoutMs: number;
  onReady(): void;
  /** It is lost, or could not be made, and is tried again; `reason` in the words of ioredis or of Redis. */
  onLost(reason: string): void;
}

/** Followers and controllers are few, and a lock must be renewed soon after Redis is back. */
const BACKOFF = { minMs: 50, maxMs: 1_000 };

/** Milliseconds until a server that accepts no connection, or sends nothing to one that waits, is given up. */
const SILENCE_MS = 3_000;

/** Milliseconds for the other end to follow when the connection is closed. */
const CLOSE_DEADLINE_MS = 100;

/** A connection to one address, made anew whenever it is lost, until closed. Nothing is queued while there is none. */
export class RedisClient {
  readonly address: RedisAddress;
  readonly #redis: Redis;
  readonly #working = new Set<Promise<unknown>>();
  #closing: Promise<void> | undefined;
  #failure: string | undefined;

  constructor({ address, timeoutMs, onReady, onLost }: RedisClientOptions) {
    this.address = address;
    this.#redis = new Redis({
      ...address.options,
      // Nothing of RESP3 is used, and some proxies refuse it.
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
      // After a failover behind one address the former primary still answers, read-only.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
      // A command whose caller was told that it failed must not be carried out later, after newer ones.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
    });
    // Only the text: the error of a refused AUTH holds the password.
    this.#redis.on('error', (error: Error) => {
      this.#failure ??= reasonOf(error);
      // ioredis would go on, in database 0.
      if (/DB index/.test(error.message)) this.#redis.disconnect(true);
    });
    this.#redis.on('ready', () => {
      this.#failure = undefined;
      if (this.#closing === undefined) onReady();
    });
    this.#redis.on('close', () => {
      const reason = this.#failure ?? 'Redis ended the connection';
      this.#failure = undefined;
      if (this.#closing === undefined) onLost(reason);
    });
  }

  get ready(): boolean {
    return this.#redis.status === 'ready';
  }

  /** The result of a command; rejects at once when it is not ready. */
  run<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    const done = command(this.#redis);
    this.#working.add(done);
    const forget = () => this.#working.delete(done);
    done.then(forget, forget);
    return done;
  }

  /** Waits for the commands that run, then lets go of the connection. Nothing is told from now on. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.allSettled(this.#working);
    const { status } = this.#redis;
    const ended = new Promise<void>((resolve) => {
      if (status === 'reconnecting' || status === 'end') resolve();
      else this.#redis.once('end', () => resolve());
    });
    this.#redis.disconnect();
    await ended;
  }
}
