import { randomUUID } from 'node:crypto';
import { WsClusterError } from '@wscluster/ring';
import type { Logger, TextSource } from '@wscluster/service';
import { connectRedis, leaderKey, type RedisConnection } from '@wscluster/transport';
import type { Lock, LockRecord, LockTiming, LockWords, RenewResult, TakeResult } from '../../core/ports/lock.ts';
import { LOOK, RELEASE, RELEASED, RENEW, TAKE } from './lock-scripts.ts';

export interface RedisLockOptions {
  /**
   * `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS. If it changes, a new connection is opened
   * before the old one is closed.
   */
  readonly url: TextSource;
  readonly cluster: string;
  /** Base URL of this controller's API, for others that ask for the leader. */
  readonly self: string;
  /** Milliseconds after which a silent leader is replaced. Default 10,000; at least 500. */
  readonly leaseDurationMs?: number;
  readonly log: Logger;
}

/** The shortest time that leaves room for renewals over a network. */
const MIN_DURATION_MS = 500;

/**
 * When Redis is back without the lock, its holder has this long to take it again, ms: it has the newest ring and
 * documents. A lost connection is tried again at least once a second.
 */
const RETURN_MS = 3_000;

/** The lock's value (null if there is none) and the milliseconds until it expires. */
type Shown = readonly [held: string | null, leftMs: number];

/**
 * A lock in Redis, `wscluster:{<cluster>}:leader`. Its value is a token of the process and of the attempt that took
 * it, and the URL. Connects in the background; throws CONFIG_INVALID for an invalid URL or a time that is too short.
 *
 * If the lock vanishes before its time, Redis has lost it: it still belongs to its holder until that time, and after an
 * outage of Redis for a moment longer. A process that has not seen it may take it earlier; the epoch of the rings is
 * what fences.
 */
export function openRedisLock(options: RedisLockOptions): Lock {
  return new RedisLock(options);
}

class RedisLock implements Lock {
  readonly timing: LockTiming;
  readonly words: LockWords;
  readonly #connection: RedisConnection;
  readonly #key: string;
  readonly #self: string;
  readonly #process = randomUUID();
  #tries = 0;
  #looks = 0;
  /** The lock's value while it is ours. */
  #value = '';
  /** Another holder, as last seen. */
  #rival: LockRecord | undefined;
  /** Redis did not answer the last attempt. */
  #away = false;
  /** Until when a lock that Redis has lost in an outage is left to its holder, performance.now(). */
  #leftUntil = 0;

  constructor({ url, cluster, self, leaseDurationMs = 10_000, log }: RedisLockOptions) {
    if (!(leaseDurationMs >= MIN_DURATION_MS))
      throw new WsClusterError('CONFIG_INVALID', `the time of the lock must be ${MIN_DURATION_MS} ms or more`, {
        field: 'lockSeconds',
      });
    this.#key = leaderKey(cluster);
    this.#self = self;
    this.timing = {
      leaseDurationMs: Math.ceil(leaseDurationMs),
      retryPeriodMs: { min: 100, max: 200 },
      renewRetryMs: 50,
    };
    this.words = {
      name: 'lock',
      service: 'Redis',
      fields: { key: this.#key },
      takenWhen: 'was Redis emptied, or replaced by a replica?',
    };
    // Leaves time to retry a failed renewal.
    const timeoutMs = Math.min(1_000, leaseDurationMs / 6);
    this.#connection = connectRedis({ url, log: log.child({ use: 'leadership' }), timeoutMs });
  }

  async take(expired: string | undefined): Promise<TakeResult> {
    const value = `${this.#process}.${++this.#tries} ${this.#self}`;
    const shown = await this.#tryToTake(value, expired);
    const rival = this.#rivalIn(shown);
    if (shown[0] !== value) return { result: 'held-by-other', record: rival };
    this.#value = value;
    return { result: 'held' };
  }

  async #tryToTake(value: string, expired: string | undefined): Promise<Shown> {
    try {
      return (await this.#connection.run((redis) => {
        if (this.#away) this.#leftUntil = performance.now() + RETURN_MS;
        this.#away = false;
        const isLeft = this.#rival?.renewal !== expired || performance.now() < this.#leftUntil;
        const goneIsFree = this.#rival === undefined || !isLeft;
        const args = [this.#process, value, this.timing.leaseDurationMs, goneIsFree ? 1 : 0];
        return redis.eval(TAKE, 1, this.#key, ...args);
      })) as Shown;
    } catch (error) {
      this.#away = true;
      throw error;
    }
  }

  async renew(signal: AbortSignal): Promise<RenewResult> {
    const renewed = await this.#connection.run(async (redis) => {
      // The renewal may have waited for a connection: it must not take the lock after it was given up.
      signal.throwIfAborted();
      return await redis.eval(RENEW, 1, this.#key, this.#value, this.timing.leaseDurationMs);
    });
    return renewed === 1 ? 'held' : 'lost';
  }

  async release(): Promise<void> {
    await this.#connection.run((redis) => redis.eval(RELEASE, 1, this.#key, this.#value, this.timing.leaseDurationMs));
  }

  async look(): Promise<LockRecord | undefined> {
    const shown = (await this.#connection.run((redis) => redis.eval(LOOK, 1, this.#key))) as Shown;
    return this.#rivalIn(shown) ?? this.#recordOf(shown);
  }

  isRefusal(): boolean {
    return this.#connection.connected;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  /**
   * Another holder, which may lead. Also a holder whose lock has vanished before its time: nothing new is known about
   * it.
   */
  #rivalIn(shown: Shown): LockRecord | undefined {
    const [held] = shown;
    if (held === null) this.#rival = this.#rival && { ...this.#rival, holder: undefined };
    else this.#rival = held.startsWith(this.#process) ? undefined : this.#recordOf(shown);
    return this.#rival;
  }

  /** Redis itself measures the lock's time, so each look counts as a new renewal. */
  #recordOf([held, leftMs]: Shown): LockRecord | undefined {
    if (held === null || held === RELEASED) return undefined;
    return {
      holder: held.split(' ')[1],
      renewal: `look ${++this.#looks}`,
      expiresInMs: Math.max(0, leftMs),
    };
  }
}
