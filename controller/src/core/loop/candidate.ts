import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { type Logger, Trouble } from '@wscluster/service';
import { backoffMs } from '@wscluster/transport';
import type { Leadership } from '../ports/leadership.ts';
import type { Reign } from './reign.ts';

export interface CandidateParts {
  readonly name: string;
  readonly leadership: Leadership;
  readonly log: Logger;
  /** Base URL of this process's API. */
  readonly self: string;
  /** No other process can lead: what a person has to mend then ends this one. Else it is said, and tried again. */
  readonly alone: boolean;
  /**
   * Opens all that leading needs. Rejects with what the parts reject with, and then has closed them. `close` comes before
   * the reign is stopped.
   */
  begin(leadership: Pick<Leadership, 'leading' | 'confirm'>): Promise<{ reign: Reign; close?(): Promise<void> }>;
  /** Called every second while another one leads: what a successor should know in time. Failing is no matter. */
  standBy(): Promise<void>;
  /** Lets go of what reigns share. */
  close(): Promise<void>;
}

/** A person has to mend these. */
const UNUSABLE: readonly string[] = ['CONFIG_INVALID', 'MESSAGE_INVALID'];

/** While another one leads, who that is is asked this often, ms. */
const LOOK_MS = 1000;
/** A lead that could not be taken up is given up for others, and tried again with back-off, ms. */
const RETRY = { minMs: 500, maxMs: 10_000 };

/** One cluster of this process: waits to be elected, leads while it may, and waits again. */
export class Candidate {
  readonly name: string;
  readonly #parts: CandidateParts;
  readonly #stopping = new AbortController();
  readonly #firstReign = Promise.withResolvers<void>();
  #running: Promise<void> = Promise.resolve();
  #endNodes = false;
  #looks: NodeJS.Timeout | undefined;
  #reign: Reign | undefined;
  #leader: string | undefined;
  #problem: string | undefined;
  readonly #trouble: Trouble;
  #failure: unknown;
  /** Aborted to begin anew. */
  #current = new AbortController();

  constructor(parts: CandidateParts) {
    this.name = parts.name;
    this.#parts = parts;
    this.#trouble = new Trouble(parts.log, { level: 'error' });
  }

  /**
   * Begins to try. Resolves when it leads, knows who does, or is stopped; rejects when it is alone and its first try fails
   * for a reason that a person has to mend.
   */
  async start(): Promise<void> {
    void this.#lookForLeader();
    this.#looks = setInterval(() => void this.#lookForLeader(), LOOK_MS);
    this.#running = this.#run();
    this.#running.catch((error: unknown) => this.#firstReign.reject(error));
    await this.#firstReign.promise;
  }

  /** Undefined while this process does not lead. */
  get reign(): Reign | undefined {
    return this.#reign;
  }

  /** Why this process, elected, could not begin to lead the last time; undefined while it leads. */
  get failure(): unknown {
    return this.#reign === undefined ? this.#failure : undefined;
  }

  /** Begins to lead anew, by what `begin` then finds, without giving the lead to another one. */
  restart(): void {
    this.#current.abort();
    this.#current = new AbortController();
  }

  /** Base URL of the API of the one that leads instead; undefined when none is known. */
  get leader(): string | undefined {
    return this.#reign === undefined ? this.#leader : undefined;
  }

  /** Undefined when it leads and knows the nodes as they are now, or stands by for a known leader; else why not. */
  get notReady(): string | undefined {
    if (this.#reign !== undefined) return this.#reign.notReady;
    if (this.#leader !== undefined) return undefined;
    return this.#problem ?? 'waiting to lead, or for another one to';
  }

  async stop({ endNodes }: { endNodes: boolean }): Promise<void> {
    this.#endNodes = endNodes;
    this.#stopping.abort();
    clearInterval(this.#looks);
    this.#firstReign.resolve();
    await this.#running.catch(() => {});
    await this.#parts.leadership.close();
    await this.#parts.close();
  }

  async #run(): Promise<void> {
    const { leadership } = this.#parts;
    const { signal } = this.#stopping;
    for (let attempt = 1; !signal.aborted; ) {
      const lead = await leadership.elected(signal).catch((error: unknown) => {
        if (signal.aborted) return undefined;
        throw error;
      });
      if (lead === undefined) return;
      // Of this try: what is asked for while it goes on is not lost.
      const again = this.#current.signal;
      try {
        this.#failure = undefined;
        await this.#lead(lead, again);
        attempt = 1;
      } catch (error) {
        await leadership.release();
        if (this.#parts.alone && error instanceof WsClusterError && UNUSABLE.includes(error.code)) throw error;
        this.#note(error);
        const retryMs = backoffMs(attempt++, RETRY);
        const wake = AbortSignal.any([signal, again]);
        await delay(retryMs, undefined, { signal: wake }).catch(() => {});
      }
    }
  }

  /** Until the lead is lost, or this process stops. */
  async #lead(lead: AbortSignal, again: AbortSignal): Promise<void> {
    const { leadership, log, name } = this.#parts;
    const { reign, close } = await this.#parts.begin(leadership);
    this.#reign = reign;
    this.#leader = undefined;
    this.#problem = undefined;
    this.#trouble.recovered();
    this.#failure = undefined;
    this.#firstReign.resolve();
    const over = AbortSignal.any([lead, this.#stopping.signal, again]);
    if (!over.aborted) await once(over, 'abort');
    this.#reign = undefined;
    if (lead.aborted && !this.#stopping.signal.aborted)
      log.warn(
        {
          event: 'lead-lost',
          cluster: name,
          action: 'none: it stands by; if it was not stopped, check why its renewals failed',
        },
        `no longer leads ${name}`,
      );
    await close?.();
    await reign.stop({ endNodes: this.#endNodes });
    await leadership.release();
  }

  #note(error: unknown): void {
    this.#failure = error;
    this.#problem = messageOf(error);
    this.#trouble.failed(
      { event: 'lead-failed', cluster: this.name, error, action: 'fix the cause; it is retried' },
      `cannot lead ${this.name}: ${this.#problem}`,
      this.#problem,
    );
  }

  /** Whoever holds the lock, unless that is this process, which then is about to lead or has just led. */
  async #lookForLeader(): Promise<void> {
    if (this.#reign !== undefined) return;
    const { leadership, self, log } = this.#parts;
    const holder = await leadership.leader().catch(() => undefined);
    if (this.#stopping.signal.aborted || this.#reign !== undefined) return;
    const leader = holder === self ? undefined : holder;
    if (leader !== undefined && leader !== this.#leader)
      log.info({ event: 'standing-by', cluster: this.name, leader }, `standing by: ${leader} leads ${this.name}`);
    this.#leader = leader;
    if (leader === undefined) return;
    this.#firstReign.resolve();
    await this.#parts.standBy().catch(() => {});
  }
}
