import {
  createRing,
  type Member,
  type MoveReason,
  planStep,
  type Release,
  type Revision,
  type Ring,
  type Step,
} from '@wscluster/ring';
import { ACK_DEADLINE_MS } from '../fleet/gateways.ts';

/** Length of a step at the configured pace, ms. */
const STEP_MS = 1000;

export interface Pace {
  /** Connections per second; Infinity for no limit. */
  readonly perSecond: number;
  /** False holds back moves that only balance. */
  readonly balance: boolean;
}

/**
 * Takes the ring to its target in steps: publish, wait until every live gateway has applied it (or its deadline has
 * passed), release the moves, wait until they are made, next step. Slots of lost owners wait for nothing.
 * Times are monotonic milliseconds.
 *
 *   idle --step--> published --acknowledged--> releasing (spreadMs) --over--> idle
 */
export class Rollout {
  #ring: Ring;
  #release: Release;
  /** Set while a publication is not acknowledged; `spreadMs` is what its moves will take. */
  #unacknowledged: { since: number; spreadMs: number; maxPerSecond: number } | undefined;
  /** When the moves that were released are all made. */
  #movedAt = 0;
  #remaining: Step['remaining'] = NOTHING;

  constructor(ring: Ring) {
    this.#ring = ring;
    this.#release = { movableUpTo: ring.revision, spreadMs: 0, maxPerSecond: 0 };
  }

  get ring(): Ring {
    return this.#ring;
  }

  get release(): Release {
    return this.#release;
  }

  /** What is left to do after the published ring. */
  get remaining(): Step['remaining'] {
    return this.#remaining;
  }

  get acknowledged(): boolean {
    return this.#unacknowledged === undefined;
  }

  /**
   * The step to publish now, as a ring at the next version with its counts; its digest equals the present ring's when
   * nothing changes. Takes effect with `published`.
   */
  plan(input: {
    readonly members: readonly Member[];
    readonly current: Readonly<Uint16Array>;
    readonly desired: Readonly<Uint16Array>;
    readonly connections: Readonly<Uint32Array>;
    readonly pace: Pace;
    readonly now: number;
  }): { ring: Ring; step: Step } {
    const { members, current, desired, connections, pace, now } = input;
    const idle = this.acknowledged && now >= this.#movedAt;
    const budget = idle ? (pace.perSecond * STEP_MS) / 1000 : 0;
    const step = planStep({ members, current, desired, connections, budget, balance: pace.balance });
    this.#remaining = step.remaining;
    const { epoch, version } = this.#ring.revision;
    return { ring: createRing({ epoch, version: version + 1 }, members, step.table), step };
  }

  /** The ring is out: its moves wait for acknowledgement. */
  published(ring: Ring, connections: number, pace: Pace, now: number): void {
    const limited = Number.isFinite(pace.perSecond);
    const spreadMs = limited ? Math.ceil((connections / pace.perSecond) * 1000) : 0;
    this.#ring = ring;
    this.#unacknowledged = {
      since: now,
      spreadMs: (this.#unacknowledged?.spreadMs ?? 0) + spreadMs,
      maxPerSecond: limited ? pace.perSecond : 0,
    };
  }

  /** Releases the moves of the published ring once all gateways have applied it. True when the release changed. */
  acknowledge(allApplied: boolean, now: number): boolean {
    const waiting = this.#unacknowledged;
    if (waiting === undefined || (!allApplied && now - waiting.since < ACK_DEADLINE_MS)) return false;
    this.#unacknowledged = undefined;
    this.#movedAt = Math.max(this.#movedAt, now) + waiting.spreadMs;
    const { spreadMs, maxPerSecond } = waiting;
    this.#release = { movableUpTo: this.#ring.revision, spreadMs, maxPerSecond };
    return true;
  }

  /** Goes on under a higher epoch, with the same owners. */
  adopt(revision: Revision): void {
    this.#ring = { ...this.#ring, revision };
  }

  /** Milliseconds until time alone lets this go on; undefined when there is nothing left or a report decides. */
  wakeIn(now: number): number | undefined {
    if (this.#unacknowledged !== undefined) return Math.max(0, this.#unacknowledged.since + ACK_DEADLINE_MS - now);
    const left = Object.values(this.#remaining).some(({ slots }) => slots > 0);
    return left ? Math.max(0, this.#movedAt - now) : undefined;
  }
}

const NONE = { slots: 0, connections: 0 };
const NOTHING: Readonly<Record<MoveReason, { slots: number; connections: number }>> = {
  lost: NONE,
  drain: NONE,
  balance: NONE,
};
