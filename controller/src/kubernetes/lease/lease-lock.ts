import { randomUUID } from 'node:crypto';
import { WsClusterError } from '@wscluster/ring';
import type { Lock, LockRecord, LockTiming, LockWords, RenewResult, TakeResult } from '../../core/ports/lock.ts';
import { refusalOf } from '../client/api-error.ts';
import type { Kube } from '../client/kube.ts';
import { RESOURCES } from '../client/resources.ts';
import { freeLease, type Holder, heldLease, holderOf, type Lease, type LeaseToWrite, newLease } from './lease.ts';
import { recordOf, rivalIn } from './lease-record.ts';

export interface LeaseLockOptions {
  readonly kube: Kube;
  readonly namespace: string;
  /** Name of the Lease. */
  readonly name: string;
  /** Name of this process among the users of the Lease: its pod's name. A random part is added. */
  readonly identity: string;
  /** Base URL of this controller's API, for others that ask for the leader. */
  readonly url: string;
  /** Milliseconds after which a silent leader is replaced, in whole seconds. Default 15,000; at least 1,000. */
  readonly leaseDurationMs?: number;
}

/** A Lease counts in seconds. */
const MIN_DURATION_MS = 1000;

/** A Lease of Kubernetes. Sends nothing yet; throws CONFIG_INVALID for a time that is too short. */
export function openLeaseLock(options: LeaseLockOptions): Lock {
  return new LeaseLock(options);
}

class LeaseLock implements Lock {
  readonly timing: LockTiming;
  readonly words: LockWords;
  readonly #kube: Kube;
  readonly #place: { readonly resource: typeof RESOURCES.leases; readonly namespace: string; readonly name: string };
  readonly #holder: Holder;
  readonly #timeoutMs: number;
  /** As last written by us. */
  #lease: Lease | undefined;
  /** Another holder, as last seen. */
  #rival: LockRecord | undefined;

  constructor({ kube, namespace, name, identity, url, leaseDurationMs = 15_000 }: LeaseLockOptions) {
    if (!(leaseDurationMs >= MIN_DURATION_MS))
      throw new WsClusterError('CONFIG_INVALID', `the time of the Lease must be ${MIN_DURATION_MS / 1000} s or more`, {
        field: 'lockSeconds',
      });
    const durationSeconds = Math.ceil(leaseDurationMs / 1000);
    this.timing = {
      leaseDurationMs: durationSeconds * 1000,
      retryPeriodMs: { min: 750, max: 1250 },
      renewRetryMs: 200,
    };
    this.words = { name: 'Lease', service: 'the API server', fields: { lease: `${namespace}/${name}` } };
    this.#kube = kube;
    this.#place = { resource: RESOURCES.leases, namespace, name };
    this.#holder = { identity: `${identity}_${randomUUID()}`, url, durationSeconds };
    // Leaves time to retry a failed renewal.
    this.#timeoutMs = Math.min(5000, Math.max(500, (durationSeconds * 1000) / 6));
  }

  async take(expired: string | undefined): Promise<TakeResult> {
    for (;;) {
      const lease = await this.#read();
      const rival = this.#rivalIn(lease);
      if (rival !== undefined && rival.renewal !== expired) return { result: 'held-by-other', record: rival };
      if (await this.#hold(lease)) return { result: 'held' };
    }
  }

  async renew(signal: AbortSignal): Promise<RenewResult> {
    for (let lease = this.#lease; ; lease = await this.#read()) {
      signal.throwIfAborted();
      const holder = holderOf(lease);
      if (holder !== undefined && holder !== this.#holder.identity) return 'lost';
      if (await this.#hold(lease)) return 'held';
    }
  }

  async release(): Promise<void> {
    for (let lease = this.#lease; holderOf(lease) === this.#holder.identity; lease = await this.#read())
      if (lease !== undefined && (await this.#write(freeLease(lease)))) return;
  }

  async look(): Promise<LockRecord | undefined> {
    const lease = await this.#read();
    return this.#rivalIn(lease) ?? recordOf(lease);
  }

  /** The client itself reports that the server cannot be reached. */
  isRefusal(error: unknown): boolean {
    return refusalOf(error) !== undefined;
  }

  /** The client belongs to the caller. */
  async close(): Promise<void> {}

  #rivalIn(lease: Lease | undefined): LockRecord | undefined {
    this.#rival = rivalIn(lease, this.#holder.identity, this.#rival);
    return this.#rival;
  }

  /** Undefined if there is none. */
  async #read(): Promise<Lease | undefined> {
    try {
      return await this.#kube.call<Lease>({ verb: 'get', ...this.#place, timeoutMs: this.#timeoutMs });
    } catch (error) {
      if (refusalOf(error)?.status === 404) return undefined;
      throw error;
    }
  }

  /** Takes or renews the Lease that was read; false if it has changed since. */
  async #hold(lease: Lease | undefined): Promise<boolean> {
    return await this.#write(lease === undefined ? undefined : heldLease(lease, this.#holder));
  }

  /**
   * Compare-and-set on the version that was read; undefined: the Lease must not exist. False if it has changed since.
   */
  async #write(lease: LeaseToWrite | undefined): Promise<boolean> {
    const { resource, namespace, name } = this.#place;
    const timeoutMs = this.#timeoutMs;
    const call =
      lease === undefined
        ? ({ verb: 'create', resource, namespace, body: newLease(namespace, name, this.#holder), timeoutMs } as const)
        : ({ verb: 'update', ...this.#place, body: lease, timeoutMs } as const);
    try {
      this.#lease = await this.#kube.call<Lease>(call);
      this.#rival = undefined;
      return true;
    } catch (error) {
      const refusal = refusalOf(error);
      if (refusal?.status === 409 || (refusal?.status === 404 && lease !== undefined)) return false;
      throw error;
    }
  }
}
