import { WsClusterError } from '@wscluster/ring';
import { orAborted } from '@wscluster/service';
import type { Leadership } from '../../core/ports/leadership.ts';

/** How long an answer about the leader is reused, ms, however many clusters ask. */
const LEADER_MS = 500;

/** One lead of the process, which each of its clusters sees as its own. */
export interface SharedLeadership {
  /** A cluster's own view: its release and close give up only its own part. */
  view(): Leadership;
  /** Gives up the lead for all clusters, and closes the lock. */
  close(): Promise<void>;
}

/** Runs for leader as soon as the first view asks to, and until it is closed. */
export function sharedLeadership(leadership: Leadership): SharedLeadership {
  const shared = new Shared(leadership);
  return { view: () => new View(shared), close: () => shared.close() };
}

class Shared {
  readonly leadership: Leadership;
  readonly #closing = new AbortController();
  #electing: Promise<AbortSignal> | undefined;
  #lead: AbortSignal | undefined;
  #leader: { readonly answer: Promise<string | undefined>; readonly at: number } | undefined;

  constructor(leadership: Leadership) {
    this.leadership = leadership;
  }

  /** One election for all that wait. */
  async elected(): Promise<AbortSignal> {
    const { leading, standingIn } = this.leadership;
    if (this.#lead !== undefined && !this.#lead.aborted && (leading || standingIn)) return this.#lead;
    this.#electing ??= this.leadership.elected(this.#closing.signal).finally(() => {
      this.#electing = undefined;
    });
    this.#lead = await this.#electing;
    return this.#lead;
  }

  leader(): Promise<string | undefined> {
    const now = performance.now();
    if (this.#leader === undefined || now - this.#leader.at > LEADER_MS)
      this.#leader = { answer: this.leadership.leader(), at: now };
    return this.#leader.answer;
  }

  async close(): Promise<void> {
    this.#closing.abort(new WsClusterError('SHUTTING_DOWN', 'the leadership is closed'));
    await this.leadership.close();
  }
}

class View implements Leadership {
  readonly #shared: Shared;
  readonly #closing = new AbortController();
  /** For this view alone: aborted with the shared lead, or when the view gives up its part. */
  #lead: AbortController | undefined;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  get leading(): boolean {
    return this.#hasPart && this.#shared.leadership.leading;
  }

  get standingIn(): boolean {
    return this.#hasPart && this.#shared.leadership.standingIn;
  }

  get #hasPart(): boolean {
    return this.#lead !== undefined && !this.#lead.signal.aborted;
  }

  followed(): void {
    if (this.#hasPart) this.#shared.leadership.followed();
  }

  async elected(wanted: AbortSignal): Promise<AbortSignal> {
    const signal = AbortSignal.any([wanted, this.#closing.signal]);
    signal.throwIfAborted();
    if (this.#lead !== undefined && (this.leading || this.standingIn)) return this.#lead.signal;
    const shared = await orAborted(signal, () => this.#shared.elected());
    const lead = new AbortController();
    const end = () => lead.abort(shared.reason);
    if (shared.aborted) end();
    else shared.addEventListener('abort', end, { once: true });
    lead.signal.addEventListener('abort', () => shared.removeEventListener('abort', end), { once: true });
    this.#lead = lead;
    return lead.signal;
  }

  async confirm(): Promise<boolean> {
    return this.#hasPart && (await this.#shared.leadership.confirm()) && this.leading;
  }

  leader(): Promise<string | undefined> {
    return this.#shared.leader();
  }

  async release(): Promise<void> {
    this.#lead?.abort(new WsClusterError('CONFLICT', 'the lead is over: it was given up'));
    this.#lead = undefined;
  }

  async close(): Promise<void> {
    this.#closing.abort(new WsClusterError('SHUTTING_DOWN', 'the leadership is closed'));
    await this.release();
  }
}
