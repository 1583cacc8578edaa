import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf, WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import type { Leadership } from '../../core/ports/leadership.ts';
import { refusalOf } from '../client/api-error.ts';
import type { Kube } from '../client/kube.ts';
import { RESOURCES } from '../client/resources.ts';
import {
  API_ANNOTATION,
  freeLease,
  type Holder,
  heldLease,
  holderOf,
  type Lease,
  type LeaseToWrite,
  newLease,
} from './lease.ts';
import { LeaseView } from './lease-view.ts';

export interface LeaseLeadershipOptions {
  readonly kube: Kube;
  readonly namespace: string;
  /** Name of the Lease. */
  readonly name: string;
  /** Name of this process among those who look at the Lease: its pod's. A random part is added. */
  readonly identity: string;
  /** Base URL of this controller's API, for those who ask who leads. */
  readonly url: string;
  /** Milliseconds after which a leader that is not heard of is replaced, in whole seconds. Default 15,000; at least 1,000. */
  readonly durationMs?: number;
  readonly log: Logger;
}

/** A Lease counts in seconds. */
const MIN_DURATION_MS = 1000;

/** Milliseconds between two looks at a Lease that somebody else holds, at least and at most. */
const POLL_MS = { min: 750, max: 1250 };

/** Milliseconds after a renewal that failed. */
const RETRY_MS = 200;

const TAKEN = 'another controller holds the Lease';

type Renewal = 'renewed' | 'lost' | 'failed';

interface Lead {
  readonly over: AbortController;
  /** By our monotonic clock, in ms: from here on another one may take the Lease. */
  deadline: number;
}

/**
 * Leads while it holds a Lease of Kubernetes. Whether it leads is judged by its own monotonic clock, from the moment
 * before the renewal was sent; a process that was stopped knows at once. Connects in the background; throws CONFIG_INVALID
 * for a time that is too short.
 */
export function openLeaseLeadership(options: LeaseLeadershipOptions): Leadership {
  return new LeaseLeadership(options);
}

class LeaseLeadership implements Leadership {
  readonly #kube: Kube;
  readonly #place: { readonly resource: typeof RESOURCES.leases; readonly namespace: string; readonly name: string };
  readonly #holder: Holder;
  readonly #durationMs: number;
  readonly #log: Logger;
  readonly #closing = new AbortController();
  readonly #view = new LeaseView();
  /** As it was read or written last. */
  #lease: Lease | undefined;
  #lead: Lead | undefined;
  /** One write at a time: two of ours would refuse each other. */
  #writing: Promise<unknown> = Promise.resolve();
  #refused = false;

  constructor({ kube, namespace, name, identity, url, durationMs = 15_000, log }: LeaseLeadershipOptions) {
    if (!(durationMs >= MIN_DURATION_MS))
      throw new WsClusterError('CONFIG_INVALID', `the time of the Lease must be ${MIN_DURATION_MS / 1000} s or more`, {
        field: 'lockSeconds',
      });
    const durationSeconds = Math.ceil(durationMs / 1000);
    this.#kube = kube;
    this.#place = { resource: RESOURCES.leases, namespace, name };
    this.#holder = { identity: `${identity}_${randomUUID()}`, url, durationSeconds };
    this.#durationMs = durationSeconds * 1000;
    this.#log = log.child({ use: 'leadership', lease: `${namespace}/${name}` });
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
      const deadline = this.#deadline();
      if ((await this.#inTurn(() => this.#take())) === 'taken') {
        if (signal.aborted) await this.release();
        else if (performance.now() < deadline) return this.#begin({ deadline, over: new AbortController() });
      }
      await slept(POLL_MS.min + Math.random() * (POLL_MS.max - POLL_MS.min), signal);
      signal.throwIfAborted();
    }
  }

  async confirm(): Promise<boolean> {
    const lead = this.#lead;
    if (lead === undefined || !this.leading) return false;
    const renewed = await this.#renewOnce(lead);
    if (this.#lead !== lead) return false;
    if (renewed === 'lost') this.#lose(TAKEN);
    // One that could not ask does not know.
    return renewed === 'renewed' && this.leading;
  }

  async leader(): Promise<string | undefined> {
    try {
      const lease = await this.#read();
      if (lease === undefined || this.#view.isFree()) return undefined;
      return lease.metadata.annotations?.[API_ANNOTATION];
    } catch {
      return undefined;
    }
  }

  async release(): Promise<void> {
    this.#end('it was given up');
    await this.#inTurn(() => this.#free()).catch((error: unknown) =>
      this.#log.debug({ event: 'lease-not-released' }, `others wait until it expires: ${messageOf(error)}`),
    );
  }

  async close(): Promise<void> {
    this.#closing.abort(new WsClusterError('SHUTTING_DOWN', 'the leadership is closed'));
    await this.release();
  }

  /** Until when a request that is sent now gives the lead. Less a margin, for clocks that run at different speeds. */
  #deadline(): number {
    return performance.now() + this.#durationMs * 0.95;
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

  #lose(why: string): void {
    this.#log.warn(
      {
        event: 'lease-lost',
        action: 'none: it tries to lead again; see whether the API server is reachable and not overloaded',
      },
      `leads no longer: ${why}`,
    );
    this.#end(why);
  }

  async #renew(lead: Lead): Promise<void> {
    const { signal } = lead.over;
    let waitMs = this.#durationMs / 3;
    while (await slept(waitMs, signal)) {
      if (!this.leading) return; // #watch ends it
      const renewed = await this.#renewOnce(lead);
      if (signal.aborted || !this.leading) return;
      if (renewed === 'lost') {
        this.#lose(TAKEN);
        return;
      }
      waitMs = renewed === 'renewed' ? this.#durationMs / 3 : RETRY_MS;
    }
  }

  /** Ends a lead at its deadline, wherever that has moved. */
  async #watch(lead: Lead): Promise<void> {
    while (await slept(Math.max(1, lead.deadline - performance.now()), lead.over.signal))
      if (performance.now() >= lead.deadline) this.#lose('its Lease could not be renewed in time');
  }

  async #renewOnce(lead: Lead): Promise<Renewal> {
    return await this.#inTurn(async () => {
      const deadline = this.#deadline();
      try {
        const renewed = await this.#hold(lead);
        if (renewed === 'renewed') lead.deadline = deadline;
        this.#tell(undefined);
        return renewed;
      } catch (error) {
        if (!lead.over.signal.aborted) this.#tell(error);
        return 'failed';
      }
    });
  }

  /** Writes the Lease that it holds; reads it first when somebody else has written it meanwhile. */
  async #hold(lead: Lead): Promise<Renewal> {
    for (let lease = this.#lease; ; lease = await this.#read()) {
      // It must not take the Lease again after it was given up.
      if (lead.over.signal.aborted || !this.leading) return 'failed';
      const holder = holderOf(lease);
      if (holder !== undefined && holder !== this.#holder.identity) return 'lost';
      // One that was deleted or emptied is ours until our time is over.
      if (await this.#write(lease === undefined ? undefined : heldLease(lease, this.#holder))) return 'renewed';
    }
  }

  async #take(): Promise<'taken' | 'no'> {
    try {
      const lease = await this.#read();
      this.#tell(undefined);
      const isOurs = holderOf(lease) === this.#holder.identity; // The answer to an earlier try was lost.
      if (!isOurs && !this.#view.isFree(this.#holder.identity)) return 'no';
      const taken = await this.#write(lease === undefined ? undefined : heldLease(lease, this.#holder));
      return taken ? 'taken' : 'no';
    } catch (error) {
      this.#tell(error);
      return 'no';
    }
  }

  async #free(): Promise<void> {
    for (let lease = this.#lease; holderOf(lease) === this.#holder.identity; lease = await this.#read())
      if (lease !== undefined && (await this.#write(freeLease(lease)))) return;
  }

  async #read(): Promise<Lease | undefined> {
    try {
      return this.#note(await this.#kube.call<Lease>({ verb: 'get', ...this.#place, timeoutMs: this.#timeoutMs }));
    } catch (error) {
      if (refusalOf(error)?.status !== 404) throw error;
      this.#lease = undefined;
      this.#view.observe(undefined);
      return undefined;
    }
  }

  /** Compare-and-set by the version that was read; undefined: it must not exist. False when it is another one by now. */
  async #write(lease: LeaseToWrite | undefined): Promise<boolean> {
    const { resource, namespace, name } = this.#place;
    const timeoutMs = this.#timeoutMs;
    const call =
      lease === undefined
        ? ({ verb: 'create', resource, namespace, body: newLease(namespace, name, this.#holder), timeoutMs } as const)
        : ({ verb: 'update', ...this.#place, body: lease, timeoutMs } as const);
    try {
      this.#note(await this.#kube.call<Lease>(call));
      return true;
    } catch (error) {
      const refusal = refusalOf(error);
      const changed = refusal?.status === 409 || (refusal?.status === 404 && lease !== undefined);
      if (changed) return false;
      throw error;
    }
  }

  #note(lease: Lease): Lease {
    this.#lease = lease;
    this.#view.observe(lease);
    return lease;
  }

  /** So that a renewal that fails can be tried again within the time. */
  get #timeoutMs(): number {
    return Math.min(5000, Math.max(500, this.#durationMs / 6));
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#writing.catch(() => {}).then(work);
    this.#writing = turn;
    return await turn;
  }

  /** That the server cannot be reached is told by the client; here is told when it answers, but with a refusal. */
  #tell(error: unknown): void {
    const refused = refusalOf(error) !== undefined;
    if (refused === this.#refused || (error !== undefined && !refused)) return;
    this.#refused = refused;
    if (refused)
      this.#log.warn(
        { event: 'lease-refused', error, action: 'mend what Kubernetes says; no controller can lead meanwhile' },
        `cannot take or renew the Lease: ${messageOf(error)}`,
      );
    else this.#log.info({ event: 'lease-accepted' }, 'the Lease can be taken or renewed again');
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
