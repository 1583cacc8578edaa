import { messageOf, WsClusterError } from '@wscluster/ring';
import { InProgress, type Logger, type TextSource } from '@wscluster/service';
import { type Redis, ReplyError } from 'ioredis';
import { LiveAddress } from '../live-address.ts';
import { Outage } from '../outage.ts';
import { parseRedisUrl, type RedisAddress } from './address.ts';
import { RedisClient } from './client.ts';
import { redisProblem } from './problem.ts';

export interface RedisConnectionOptions {
  /**
   * `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS. When it changes, a new connection is made
   * before the old one is closed.
   */
  readonly url: TextSource;
  readonly log: Logger;
  /** Milliseconds in which a command must be answered, and again for a connection in the making. Default 1000. */
  readonly timeoutMs?: number;
}

/** Redis refuses to use a key of one type as another. */
const WRONG_TYPE = /^WRONGTYPE/;

/** Connects in the background. Throws CONFIG_INVALID for an invalid URL. */
export function connectRedis(options: RedisConnectionOptions): RedisConnection {
  return new RedisConnection(options);
}

/**
 * One connection to Redis, which is made again in the background whenever it is lost, until closed. Commands are not
 * queued; at most they wait for the connection attempt in progress. When the URL changes, the old connection serves
 * until there is a new one, or until it is lost.
 */
export class RedisConnection {
  readonly #address: LiveAddress<RedisAddress>;
  readonly #log: Logger;
  readonly #timeoutMs: number;
  readonly #waiting = new Set<(error: WsClusterError | undefined) => void>();
  readonly #working = new InProgress();
  /** Former clients, which close. */
  readonly #ending = new InProgress();
  readonly #unfollow: () => void;
  #client: RedisClient;
  /** Replaces `#client` once it is ready; it uses a newer URL. */
  #next: RedisClient | undefined;
  #closing: Promise<void> | undefined;

  constructor({ url, log, timeoutMs = 1_000 }: RedisConnectionOptions) {
    this.#log = log;
    this.#timeoutMs = timeoutMs;
    this.#address = new LiveAddress({ what: 'redis', url, parse: parseRedisUrl, log });
    this.#client = this.#open(this.#address.value);
    this.#unfollow = this.#address.onChange(() => this.#renew());
    // It may have changed before the listener was added.
    if (this.#address.value !== this.#client.address) this.#renew();
  }

  get connected(): boolean {
    return this.#client.ready;
  }

  /**
   * The result of a command. Rejects within 2 * timeoutMs: with STORE_UNAVAILABLE if Redis cannot be reached, does not
   * answer or refuses; with MESSAGE_INVALID if the key holds foreign data.
   */
  run<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.#closing !== undefined)
      return Promise.reject(unavailable(`${this.#client.address.text}: the connection is closed`));
    const done = this.#run(command);
    this.#working.add(done);
    return done;
  }

  /** Waits for commands in progress, then closes the connection. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  #open(address: RedisAddress): RedisClient {
    const outage = new Outage({ what: 'redis', log: this.#log });
    const client: RedisClient = new RedisClient({
      address,
      timeoutMs: this.#timeoutMs,
      onReady: () => {
        outage.recovered(address.text);
        if (client === this.#next) this.#replace(client);
        this.#wake(undefined);
      },
      onLost: (reason) => {
        const problem = redisProblem(address.text, reason);
        if (client === this.#next)
          outage.failed({ ...problem, text: `${problem.text}; the previous connection stays in use` });
        else outage.failed(problem);
        if (client !== this.#client) return;
        if (this.#next !== undefined) this.#replace(this.#next);
        else this.#wake(unavailable(problem.text));
      },
    });
    return client;
  }

  #renew(): void {
    if (this.#closing !== undefined) return;
    const former = this.#next;
    const next = this.#open(this.#address.value);
    this.#next = next;
    if (former !== undefined) this.#end(former);
    if (!this.#client.ready) this.#replace(next);
  }

  #replace(client: RedisClient): void {
    const former = this.#client;
    this.#client = client;
    this.#next = undefined;
    this.#end(former);
  }

  /** Waits for its commands, but nobody waits for this. */
  #end(client: RedisClient): void {
    this.#ending.add(client.close());
  }

  async #run<T>(command: (redis: Redis) => Promise<T>): Promise<T> {
    if (!this.#client.ready) await this.#ready();
    const client = this.#client;
    try {
      return await client.run(command);
    } catch (error) {
      throw this.#translate(client.address.text, error);
    }
  }

  /** Rejects if the connection attempt in progress, or the next one, fails. */
  #ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error: WsClusterError | undefined) => {
        clearTimeout(timer);
        this.#waiting.delete(settle);
        if (error === undefined) resolve();
        else reject(error);
      };
      const late = () =>
        settle(unavailable(`${this.#client.address.text}: no connection within ${this.#timeoutMs} ms`));
      const timer = setTimeout(late, this.#timeoutMs);
      this.#waiting.add(settle);
    });
  }

  #wake(error: WsClusterError | undefined): void {
    for (const settle of [...this.#waiting]) settle(error);
  }

  #translate(address: string, error: unknown): WsClusterError {
    const message = messageOf(error);
    if (error instanceof ReplyError && WRONG_TYPE.test(message))
      return new WsClusterError(
        'MESSAGE_INVALID',
        `${address}: a key of wscluster:* holds data that wscluster did not write; delete it, or use another database`,
      );
    const timedOut = message === 'Command timed out';
    return unavailable(`${address}: ${timedOut ? `Redis did not answer within ${this.#timeoutMs} ms` : message}`);
  }

  async #close(): Promise<void> {
    this.#unfollow();
    await this.#working.settled();
    await Promise.all([this.#client.close(), this.#next?.close(), this.#ending.settled()]);
  }
}

function unavailable(text: string): WsClusterError {
  return new WsClusterError('STORE_UNAVAILABLE', text);
}
