import {
  createRing,
  type Member,
  type MoveReason,
  movedSlots,
  ownerOf,
  planStep,
  type Release,
  type Revision,
  type Ring,
  type Step,
} from '@wscluster/ring';

/** A published ring counts as acknowledged after this long, even if gateways are silent, ms. */
export const ACK_DEADLINE_MS = 5000;
/** Length of a step at the configured pace, ms. */
const STEP_MS = 1000;
/**
 * A step is published this long before the moves of the previous one are complete, so that it is acknowledged by then,
 * ms.
 */
const LEAD_MS = 400;

export interface Pace {
  /** Connections per second; Infinity for no limit. */
  readonly perSecond: number;
  /** False holds back moves that only balance. */
  readonly balance: boolean;
}

/**
 * Takes the ring to its target in steps: publish, wait until every live gateway has applied it (or its deadline has
 * passed), release the moves, next step. Steps overlap so that the pace has no gaps: the next step is published shortly
 * before the moves of the previous one are complete, and released as soon as they are. New connections follow a ring at
 * once, so the slots of lost owners never wait. Times are monotonic milliseconds.
 *
 *   step 1  published ─ acknowledged, released ═══════ moves ═══════╗
 *   step 2                                   published ─ acknowledged, released ═══════ moves ═══════
 */
export class Rollout {
  #ring: Ring;
  #release: Release;
  /** Set while a publication is not acknowledged. */
  #unacknowledged: { since: number; slots: ReadonlySet<number>; pace: Pace } | undefined;
  /** This controller has released moves. */
  #released = false;
  /** When the released moves will be complete. */
  #movedAt = 0;
  #remaining: Step['remaining'] = NOTHING;

  /** `release`: what was released before a restart; everything else waits for acknowledgement again. */
  constructor(ring: Ring, release: Release = { movableUpTo: ring.revision, spreadMs: 0, maxPerSecond: 0 }) {
    this.#ring = ring;
    this.#release = release;
  }

  /** Continues from another ring, before anything is published. */
  restart(ring: Ring, release: Release): void {
    this.#ring = ring;
    this.#release = release;
  }

  get ring(): Ring {
    return this.#ring;
  }

  get release(): Release {
    return this.#release;
  }

  /** What is left to move after the published ring. */
  get remaining(): Step['remaining'] {
    return this.#remaining;
  }

  get acknowledged(): boolean {
    return this.#unacknowledged === undefined;
  }

  /** When the last released moves will be complete, monotonic ms. */
  get movedAt(): number {
    return this.#movedAt;
  }

  /** Nothing is left to publish or to release. */
  get complete(): boolean {
    return this.acknowledged && Object.values(this.#remaining).every(({ slots }) => slots === 0);
  }

  /** True while gateways make the last released moves. */
  isMoving(now: number): boolean {
    return now < this.#movedAt;
  }

  /**
   * The step to publish now, as a ring at the next version with its counts; its digest equals that of the present ring
   * if nothing changes. `counted` false: `connections` is incomplete, so only slots of lost owners change. Takes effect
   * with `published`.
   */
  plan(input: {
    readonly members: readonly Member[];
    readonly current: Readonly<Uint16Array>;
    readonly desired: Readonly<Uint16Array>;
    readonly connections: Readonly<Uint32Array>;
    readonly counted?: boolean;
    readonly pace: Pace;
    readonly now: number;
  }): { ring: Ring; step: Step } {
    const { members, current, desired, connections, counted = true, pace, now } = input;
    const idle = counted && this.acknowledged && now >= this.#movedAt - LEAD_MS;
    const budget = idle ? (pace.perSecond * STEP_MS) / 1000 : 0;
    const step = planStep({ members, current, desired, connections, budget, balance: pace.balance });
    this.#remaining = step.remaining;
    const { epoch, version } = this.#ring.revision;
    return { ring: createRing({ epoch, version: version + 1 }, members, step.table), step };
  }

  /** The ring has been published: its moves wait for acknowledgement. */
  published(ring: Ring, pace: Pace, now: number): void {
    // Clients of an owner that is gone have reconnected to the new one by themselves, so there is nothing to move.
    const members = new Set(ring.members.map(({ nodeId }) => nodeId));
    const moved = movedSlots(this.#ring, ring).filter((slot) => members.has(ownerOf(this.#ring, slot)?.nodeId ?? ''));
    const slots = new Set([...(this.#unacknowledged?.slots ?? []), ...moved]);
    this.#ring = ring;
    this.#unacknowledged = { since: now, slots, pace };
  }

  /**
   * Releases the moves of the published ring once all gateways have applied it and the previous step's moves are
   * complete; true if it does. `toMove` says how many connections move with the changed slots, by the gateways' last
   * reports. Since an acknowledgement counts what was there when the ring was applied, the time over which the moves
   * are spread is exact, even if the step was planned with older counts. `leftOver` asks to include what an earlier
   * controller has not completed.
   */
  acknowledge(
    allApplied: boolean,
    toMove: (slots: ReadonlySet<number>, leftOver: boolean) => number,
    now: number,
  ): boolean {
    const waiting = this.#unacknowledged;
    if (waiting === undefined || (!allApplied && now - waiting.since < ACK_DEADLINE_MS)) return false;
    if (this.isMoving(now)) return false;
    this.#unacknowledged = undefined;
    const { perSecond } = waiting.pace;
    const limited = Number.isFinite(perSecond);
    const spreadMs = limited ? Math.ceil((toMove(waiting.slots, !this.#released) / perSecond) * 1000) : 0;
    this.#released = true;
    this.#movedAt = now + spreadMs;
    this.#release = { movableUpTo: this.#ring.revision, spreadMs, maxPerSecond: limited ? perSecond : 0 };
    return true;
  }

  /** Continues under a higher epoch, with the same owners. */
  adopt(revision: Revision): void {
    this.#ring = { ...this.#ring, revision };
  }

  /** Milliseconds until time alone may allow `acknowledge`; undefined if there is nothing to release. */
  releaseIn(allApplied: boolean, now: number): number | undefined {
    if (this.#unacknowledged === undefined) return undefined;
    const earliest = allApplied ? now : this.#unacknowledged.since + ACK_DEADLINE_MS;
    return Math.max(earliest, this.#movedAt) - now;
  }

  /** Milliseconds until `plan` can continue; undefined if nothing is left, or a release must come first. */
  planIn(now: number): number | undefined {
    const left = Object.values(this.#remaining).some(({ slots }) => slots > 0);
    return left && this.acknowledged ? Math.max(0, this.#movedAt - LEAD_MS - now) : undefined;
  }
}

const NONE = { slots: 0, connections: 0 };
const NOTHING: Readonly<Record<MoveReason, { slots: number; connections: number }>> = {
  lost: NONE,
  drain: NONE,
  balance: NONE,
};
