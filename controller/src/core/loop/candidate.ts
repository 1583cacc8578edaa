import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { inBackground, type Logger, Trouble } from '@wscluster/service';
import { backoffMs } from '@wscluster/transport';
import type { Leadership } from '../ports/leadership.ts';
import { asLastKnown } from './last-view.ts';
import type { ReignParts } from './parts.ts';
import type { Reign } from './reign.ts';
import type { ClusterView } from './view.ts';

export interface CandidateParts {
  readonly name: string;
  readonly leadership: Leadership;
  readonly log: Logger;
  /** Base URL of this process's API. */
  readonly self: string;
  /**
   * No other process can lead: an error that a person has to fix then ends this process. Otherwise it is logged and
   * retried.
   */
  readonly alone: boolean;
  /**
   * Opens everything that leading needs. If it rejects, everything is closed again. `close` is called before the reign
   * is stopped.
   */
  begin(leadership: ReignParts['leadership']): Promise<{ reign: Reign; close?(): Promise<void> }>;
  /**
   * Called every second while this process does not lead, to read what a successor needs at hand. Its failure does no
   * harm.
   */
  standBy(): Promise<void>;
  /** The cluster as standBy has last read it; undefined if that is not enough, or cannot be read. */
  known?(): ClusterView | undefined;
  /** Closes what all reigns share. */
  close(): Promise<void>;
}

/** A person has to fix these. */
const UNUSABLE: readonly string[] = ['CONFIG_INVALID', 'MESSAGE_INVALID'];

/** While another process leads, how often to ask which one, ms. */
const LOOK_MS = 1000;
/** If this process cannot take up the lead, it gives it up for others, and retries with back-off, ms. */
const RETRY = { minMs: 500, maxMs: 10_000 };

/** One cluster in this process: waits to be elected, leads as long as it may, and waits again. */
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
  /** Why it cannot be told who leads. */
  #unseen: string | undefined;
  /** Of the last reign, until another leader is seen. */
  #lastView: ClusterView | undefined;
  #problem: string | undefined;
  readonly #trouble: Trouble;
  #failure: unknown;
  /** Aborted to restart the reign. */
  #current = new AbortController();

  constructor(parts: CandidateParts) {
    this.name = parts.name;
    this.#parts = parts;
    this.#trouble = new Trouble(parts.log, { level: 'error' });
  }

  /**
   * Starts to run for leader. Resolves when it leads, knows the leader, or is stopped. Rejects if it is alone and its
   * first attempt fails for a reason that a person has to fix.
   */
  async start(): Promise<void> {
    this.#look();
    this.#looks = setInterval(() => this.#look(), LOOK_MS);
    this.#running = this.#run();
    this.#running.catch((error: unknown) => this.#firstReign.reject(error));
    await this.#firstReign.promise;
  }

  /** Undefined while this process does not lead. */
  get reign(): Reign | undefined {
    return this.#reign;
  }

  /** What this process knew when it last led, or has read since another one leads: for when nobody can be asked. */
  get lastView(): ClusterView | undefined {
    return this.#lastView ?? this.#parts.known?.();
  }

  /** Why this process could not take up the lead when it was last elected; undefined while it leads. */
  get failure(): unknown {
    return this.#reign === undefined ? this.#failure : undefined;
  }

  /** Restarts the reign with what `begin` then finds, without giving the lead to another process. */
  restart(): void {
    this.#current.abort();
    this.#current = new AbortController();
  }

  /** This process may write what nothing fences: it holds the lock, if there is one. */
  get leading(): boolean {
    return this.#parts.leadership.leading;
  }

  /**
   * Base URL of the leader's API; undefined if no other leader is known. The last known one while it cannot be told who
   * leads: it may stand in.
   */
  get leader(): string | undefined {
    return this.#reign === undefined ? this.#leader : undefined;
  }

  /** Why it is not ready. Undefined if it leads and knows the present nodes, or is a standby of a known leader. */
  get notReady(): string | undefined {
    if (this.#reign !== undefined) return this.#reign.notReady;
    if (this.#unseen !== undefined) return `it cannot be told who leads: ${this.#unseen}`;
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
      // The signal of this attempt, so that a restart during the attempt is not lost.
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

  /** Leads until the lead is lost or this process stops. */
  async #lead(lead: AbortSignal, again: AbortSignal): Promise<void> {
    const { leadership, log, name } = this.#parts;
    const { reign, close } = await this.#parts.begin(leadership);
    this.#reign = reign;
    this.#leader = undefined;
    this.#unseen = undefined;
    this.#problem = undefined;
    this.#trouble.recovered();
    this.#failure = undefined;
    this.#firstReign.resolve();
    const over = AbortSignal.any([lead, this.#stopping.signal, again, reign.outdated]);
    if (!over.aborted) await once(over, 'abort');
    this.#reign = undefined;
    if (reign.hasBegun) this.#lastView = asLastKnown(reign.view, reign.lastLedAt);
    if (lead.aborted && !this.#stopping.signal.aborted)
      log.warn(
        {
          event: 'lead-lost',
          cluster: name,
          action: 'none if the controller was stopped or paused; otherwise check why it could not renew its lock',
        },
        `no longer leads ${name}`,
      );
    await close?.();
    this.#look();
    await reign.stop({ endNodes: this.#endNodes });
    await leadership.release();
  }

  #note(error: unknown): void {
    this.#failure = error;
    this.#problem = messageOf(error);
    this.#trouble.failed(
      { event: 'lead-failed', cluster: this.name, error, action: 'fix the cause; the controller tries again' },
      `cannot lead ${this.name}: ${this.#problem}`,
      this.#problem,
    );
  }

  #look(): void {
    inBackground(this.#parts.log, 'leader-look-broken', this.#lookForLeader());
  }

  /** The holder of the lock, unless it is this process, which is then about to lead or has just led. */
  async #lookForLeader(): Promise<void> {
    if (this.#reign !== undefined || this.#stopping.signal.aborted) return;
    const { leadership, self, log } = this.#parts;
    const seen = await leadership.leader().then(
      (holder) => ({ holder }),
      (error: unknown) => ({ unseen: messageOf(error) }),
    );
    if (this.#stopping.signal.aborted || this.#reign !== undefined) return;
    this.#unseen = 'unseen' in seen ? seen.unseen : undefined;
    if ('unseen' in seen) return;
    const { holder } = seen;
    const leader = holder === self ? undefined : holder;
    if (leader !== undefined && leader !== this.#leader)
      log.info({ event: 'standing-by', cluster: this.name, leader }, `standing by: ${leader} leads ${this.name}`);
    this.#leader = leader;
    if (leader !== undefined) {
      this.#lastView = undefined;
      this.#firstReign.resolve();
    }
    await this.#parts.standBy().catch(() => {});
  }
}
