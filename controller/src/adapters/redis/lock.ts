import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, WsClusterError } from '@wscluster/ring';
import type { Logger, TextSource } from '@wscluster/service';
import { connectRedis, leaderKey, type RedisConnection } from '@wscluster/transport';
import type { Leadership } from '../../core/ports/leadership.ts';
import { RELEASE, RENEW, TAKE } from './lock-scripts.ts';

export interface RedisLeadershipOptions {
  /** `redis://[user:password@]host[:port][/db]`, or `rediss://` for TLS. When it changes a new connection is made before the old one goes. */
  readonly url: TextSource;
  readonly cluster: string;
  /** Base URL of this controller's API, for those who ask who leads. */
  readonly self: string;
  /** Milliseconds after which a leader that is not heard of is replaced. Default 10,000; at least 500. */
  readonly ttlMs?: number;
  readonly log: Logger;
}

/** The shortest time that leaves room for renewals over a network. */
const MIN_TTL_MS = 500;

/** Milliseconds between two looks at a lock that somebody else holds, at least and at most. */
const POLL_MS = { min: 100, max: 200 };

/** Milliseconds after a renewal that failed. */
const RETRY_MS = 50;

const TAKEN = 'another controller holds the lock: was Redis emptied, or replaced by a replica?';

interface Lead {
  /** What the lock holds while it is ours: a token of this process and this term, and our URL. */
  readonly value: string;
  readonly over: AbortController;
  /** By our monotonic clock, in ms: from here on Redis may give the lock to another. */
  deadline: number;
}

/**
 * Leads while it holds a lock in Redis, `wscluster:{<cluster>}:leader`. Whether it leads is judged by its own monotonic
 * clock, from the moment before the renewal was sent; a process that was stopped knows at once. Connects in the
 * background; throws CONFIG_INVALID for a URL that is none, or a time that is too short.
 *
 * A lock that is gone before its time was lost by Redis, not given up: who waits leaves it to its leader for that time. A
 * process that had not seen it may take it meanwhile; the epoch of the rings is what fences.
 */
export function openRedisLeadership(options: RedisLeadershipOptions): Leadership {
  return new RedisLock(options);
}

class RedisLock implements Leadership {
  readonly #connection: RedisConnection;
  readonly #key: string;
  readonly #self: string;
  readonly #ttlMs: number;
  readonly #log: Logger;
  readonly #process = randomUUID();
  readonly #closing = new AbortController();
  #term = 0;
  #lead: Lead | undefined;
  /** What Redis may hold of ours. */
  #value: string | undefined;
  #refused = false;
  /** By our monotonic clock, in ms: until then somebody else may lead, whether or not the lock is there. */
  #heldUntil = 0;

  constructor({ url, cluster, self, ttlMs = 10_000, log }: RedisLeadershipOptions) {
    if (!(ttlMs >= MIN_TTL_MS))
      throw new WsClusterError('CONFIG_INVALID', `the time of the lock must be ${MIN_TTL_MS} ms or more`, {
        field: 'lockSeconds',
      });
    this.#log = log.child({ use: 'leadership' });
    // So that a renewal that fails can be tried again within the time.
    this.#connection = connectRedis({ url, log: this.#log, timeoutMs: Math.min(1_000, ttlMs / 6) });
    this.#key = leaderKey(cluster);
    this.#self = self;
    this.#ttlMs = Math.ceil(ttlMs);
  }

  get leading(): boolean {
    return this.#lead !== undefined && performance.now() < this.#lead.deadline;
  }

  async elected(wanted: AbortSignal): Promise<AbortSignal> {
    const signal = AbortSignal.any([wanted, this.#closing.signal]);
    signal.throwIfAborted();
    if (this.#lead !== undefined && this.leading) return this.#lead.over.signal;
    this.#end('its time is over');
    for (;;) {
      const value = `${this.#process}.${++this.#term} ${this.#self}`;
      const deadline = this.#deadline();
      if (await this.#take(value)) {
        this.#value = value;
        if (signal.aborted) await this.release();
        else if (performance.now() < deadline) return this.#begin({ value, deadline, over: new AbortController() });
      }
      await slept(POLL_MS.min + Math.random() * (POLL_MS.max - POLL_MS.min), signal);
      signal.throwIfAborted();
    }
  }

  async confirm(): Promise<boolean> {
    const lead = this.#lead;
    if (lead === undefined || !this.leading) return false;
    const deadline = this.#deadline();
    const renewed = await this.#tryToRenew(lead);
    if (this.#lead !== lead) return false;
    if (renewed === 'renewed') lead.deadline = deadline;
    if (renewed === 'lost') this.#lose(TAKEN);
    // One that could not ask does not know.
    return renewed === 'renewed' && this.leading;
  }

  async leader(): Promise<string | undefined> {
    try {
      const value = await this.#connection.run((redis) => redis.get(this.#key));
      return value?.split(' ')[1];
    } catch {
      return undefined;
    }
  }

  async release(): Promise<void> {
    this.#end('it was given up');
    const value = this.#value;
    this.#value = undefined;
    if (value === undefined) return;
    await this.#connection
      .run((redis) => redis.eval(RELEASE, 1, this.#key, value, this.#ttlMs))
      .catch((error: unknown) =>
        this.#log.debug({ event: 'lock-not-released' }, `others wait until it expires: ${messageOf(error)}`),
      );
  }

  async close(): Promise<void> {
    this.#closing.abort(new WsClusterError('SHUTTING_DOWN', 'the leadership is closed'));
    await this.release();
    await this.#connection.close();
  }

  /** Until when a request that is sent now gives the lead. Less a margin, for clocks that run at different speeds. */
  #deadline(): number {
    return performance.now() + this.#ttlMs * 0.95;
  }

  #begin(lead: Lead): AbortSignal {
    this.#lead = lead;
    void this.#renew(lead);
    void this.#watch(lead);
    return lead.over.signal;
  }

  #end(why: string): void {
    const lead = this.#lead;
    this.#lead = undefined;
    lead?.over.abort(new WsClusterError('CONFLICT', `the lead is over: ${why}`));
  }

  async #renew(lead: Lead): Promise<void> {
    const { signal } = lead.over;
    let waitMs = this.#ttlMs / 3;
    while (await slept(waitMs, signal)) {
      if (!this.leading) return; // #watch ends it
      const deadline = this.#deadline();
      const renewed = await this.#tryToRenew(lead);
      if (signal.aborted || !this.leading) return;
      if (renewed === 'lost') {
        this.#value = undefined;
        this.#lose(TAKEN);
        return;
      }
      if (renewed === 'renewed') lead.deadline = deadline;
      waitMs = renewed === 'renewed' ? this.#ttlMs / 3 : RETRY_MS;
    }
  }

  /** Ends a lead at its deadline, wherever that has moved. */
  async #watch(lead: Lead): Promise<void> {
    while (await slept(Math.max(1, lead.deadline - performance.now()), lead.over.signal))
      if (performance.now() >= lead.deadline) this.#lose('its lock could not be renewed in time');
  }

  #lose(why: string): void {
    this.#log.warn(
      { event: 'lock-lost', action: 'none: it tries to lead again; see whether Redis is reachable and not overloaded' },
      `leads no longer: ${why}`,
    );
    this.#end(why);
  }

  async #take(value: string): Promise<boolean> {
    try {
      const goneIsFree = performance.now() >= this.#heldUntil ? 1 : 0;
      const answer = await this.#connection.run((redis) =>
        redis.eval(TAKE, 1, this.#key, this.#process, value, this.#ttlMs, goneIsFree),
      );
      this.#tell(undefined);
      if (Number(answer) > 0) this.#heldUntil = performance.now() + Number(answer);
      return answer === -2;
    } catch (error) {
      this.#tell(error);
      return false;
    }
  }

  async #tryToRenew(lead: Lead): Promise<'renewed' | 'lost' | 'failed'> {
    try {
      const renewed = await this.#connection.run(async (redis) => {
        // It may have waited for a connection, and must not take the lock after it was given up.
        lead.over.signal.throwIfAborted();
        return await redis.eval(RENEW, 1, this.#key, lead.value, this.#ttlMs);
      });
      this.#tell(undefined);
      return renewed === 1 ? 'renewed' : 'lost';
    } catch (error) {
      if (!lead.over.signal.aborted) this.#tell(error);
      return 'failed';
    }
  }

  /** A connection that is lost tells of itself; here is told when Redis answers, but with a refusal. */
  #tell(error: unknown): void {
    const refused = error !== undefined && this.#connection.connected;
    if (refused === this.#refused || (error !== undefined && !refused)) return;
    this.#refused = refused;
    if (refused)
      this.#log.warn(
        { event: 'lock-refused', key: this.#key, action: 'mend what Redis says; no controller can lead meanwhile' },
        `cannot take or renew the lock: ${messageOf(error)}`,
      );
    else this.#log.info({ event: 'lock-accepted', key: this.#key }, 'the lock can be taken or renewed again');
  }
}

/** False when it was ended before. */
async function slept(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
