import { messageOf, WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import { Redis, ReplyError } from 'ioredis';
import { backoffMs } from '../backoff.ts';
import { Outage, reasonOf } from '../outage.ts';
import { parseRedisUrl } from './address.ts';
import { redisProblem } from './problem.ts';

export interface RedisConnectionOptions {
  /** `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS. */
  readonly url: string;
  readonly log: Logger;
  /** Milliseconds for a command's answer, and again for a connection that is just being made. Default 1000. */
  readonly timeoutMs?: number;
}

/** Followers and controllers are few, and a lock must be renewed soon after Redis is back. */
const BACKOFF = { minMs: 50, maxMs: 1_000 };

/** Milliseconds until a server that accepts no connection, or sends nothing to one that waits, is given up. */
const SILENCE_MS = 3_000;

/** Milliseconds for the other end to follow when the connection is closed. */
const CLOSE_DEADLINE_MS = 100;

/** Redis does not let a key of one type be used as another. */
const WRONG_TYPE = /^WRONGTYPE/;

/** Connects in the background. Throws CONFIG_INVALID for a URL that is none. */
export function connectRedis(options: RedisConnectionOptions): RedisConnection {
  return new RedisConnection(options);
}

/**
 * One connection to Redis, made anew in the background whenever it is lost, until closed. Nothing is queued: a command
 * waits at most for the attempt to connect that is under way.
 */
export class RedisConnection {
  readonly #redis: Redis;
  readonly #address: string;
  readonly #timeoutMs: number;
  readonly #waiting = new Set<(error: WsClusterError | undefined) => void>();
  readonly #working = new Set<Promise<unknown>>();
  #failure: string | undefined;
  #closing: Promise<void> | undefined;

  constructor({ url, log, timeoutMs = 1_000 }: RedisConnectionOptions) {
    const { options, text: address } = parseRedisUrl(url);
    const outage = new Outage({ what: 'redis', address, log });
    this.#address = address;
    this.#timeoutMs = timeoutMs;
    this.#redis = new Redis({
      ...options,
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
      outage.recovered();
      this.#wake(undefined);
    });
    this.#redis.on('close', () => {
      if (this.#closing !== undefined) return;
      const problem = redisProblem(address, this.#failure ?? 'Redis ended the connection');
      this.#failure = undefined;
      outage.failed(problem);
      this.#wake(unavailable(problem.text));
    });
  }

  get connected(): boolean {
    return this.#redis.status === 'ready';
  }

  /**
   * The result of a command. Rejects within 2 * timeoutMs: with STORE_UNAVAILABLE when Redis can't be reached, does not
   * answer or refuses, with MESSAGE_INVALID when the key holds what is not ours.
   */
  run<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(unavailable(`${this.#address}: the connection is closed`));
    const done = this.#run(command);
    this.#working.add(done);
    const forget = () => this.#working.delete(done);
    done.then(forget, forget);
    return done;
  }

  /** Waits for the commands that run, then lets go of the connection. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #run<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#redis.status !== 'ready') await this.#ready();
    try {
      return await command(this.#redis);
    } catch (error) {
      throw this.#translate(error);
    }
  }

  /** Rejects when the attempt that is under way, or the next one, fails. */
  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: WsClusterError | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        if (error === undefined) resolve();
        else reject(error);
      };
      const late = () => settle(unavailable(`${this.#address}: no connection within ${this.#timeoutMs} ms`));
      const timer = setTimeout(late, this.#timeoutMs);
      this.#waiting.add(settle);
    });
  }

  #wake(error: WsClusterError | undefined): void {
    for (const settle of [...this.#waiting]) settle(error);
  }

  #translate(error: unknown): WsClusterError {
    const message = messageOf(error);
    if (error instanceof ReplyError && WRONG_TYPE.test(message))
      return new WsClusterError(
        'MESSAGE_INVALID',
        `${this.#address}: a key of wscluster:* holds what wscluster did not write; delete it, or use another database`,
      );
    const timedOut = message === 'Command timed out';
    return unavailable(
      `${this.#address}: ${timedOut ? `Redis has not answered within ${this.#timeoutMs} ms` : message}`,
    );
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

function unavailable(text: string): WsClusterError {
  return new WsClusterError('STORE_UNAVAILABLE', text);
}
