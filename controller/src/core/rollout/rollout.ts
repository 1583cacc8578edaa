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
import { HEARD, type Hearing } from '../fleet/hearing.ts';
import type { ToMove } from '../fleet/to-move.ts';

/** A published ring counts as acknowledged after this long, even if gateways are silent, ms. */
export const ACK_DEADLINE_MS = 5000;
/** Length of a step at the configured pace, ms. */
const STEP_MS = 1000;
/**
 * A step is published this long before the moves of the previous one are complete, so that it is acknowledged by then,
 * ms.
 */
const LEAD_MS = 400;
/**
 * Both while no gateway can be heard, so that each step is released at its deadline, and the pace still has no gaps.
 */
const DEAF = { stepMs: ACK_DEADLINE_MS, leadMs: ACK_DEADLINE_MS };

export interface Pace {
  /** Connections per second; Infinity for no limit. */
  readonly perSecond: number;
  /** False holds back moves that only balance. */
  readonly balance: boolean;
}

/** A publication that waits for acknowledgement. */
interface Unacknowledged {
  readonly since: number;
  readonly slots: ReadonlySet<number>;
  readonly pace: Pace;
}

type ToMoveOf = (slots: ReadonlySet<number>, leftOver: boolean) => ToMove;

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
  #unacknowledged: Unacknowledged | undefined;
  #hearing: Hearing = HEARD;
  /**
   * Gateways may have moves left that no release has counted: of an earlier controller, of a time when some gateway was
   * silent, or of one that was not known. Until a release has counted them, no gateway may exceed its share of the
   * pace.
   */
  #uncounted = true;
  /** When the released moves will be complete. */
  #movedAt = 0;
  #remaining: Step['remaining'] = NOTHING_LEFT;

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

  /** Nothing is left to publish, to release or to move. */
  isAtRest(now: number): boolean {
    return this.complete && !this.isMoving(now);
  }

  /** How well gateways are heard: `plan`, `acknowledge` and the times until them depend on it. */
  hear(hearing: Hearing): void {
    this.#hearing = hearing;
    if (hearing.uncertain) this.#uncounted = true;
  }

  /** A gateway is heard for the first time, and has clients: some may have had to move before. */
  addGateway(): void {
    this.#uncounted = true;
  }

  /**
   * The step to publish now, as a ring at the next version with its counts; its digest equals that of the present ring
   * if nothing changes. `countsKnown` false: `connections` is incomplete, so only slots of lost owners change. Takes
   * effect with `published`.
   */
  plan(input: {
    readonly members: readonly Member[];
    readonly current: Readonly<Uint16Array>;
    readonly desired: Readonly<Uint16Array>;
    readonly connections: Readonly<Uint32Array>;
    readonly countsKnown?: boolean;
    readonly pace: Pace;
    readonly now: number;
  }): { ring: Ring; step: Step } {
    const { members, current, desired, connections, countsKnown = true, pace, now } = input;
    const idle = countsKnown && this.acknowledged && now >= this.#movedAt - this.#leadMs;
    const stepMs = this.#hearing.deaf ? DEAF.stepMs : STEP_MS;
    const budget = idle ? (pace.perSecond * stepMs) / 1000 : 0;
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
   * controller, or a gateway that was silent, has not completed.
   */
  acknowledge(allApplied: boolean, toMove: ToMoveOf, now: number): boolean {
    const waiting = this.#unacknowledged;
    if (waiting === undefined || this.releaseIn(allApplied, now) !== 0) return false;
    this.#unacknowledged = undefined;
    this.#release = this.#releaseOf(waiting, toMove);
    this.#uncounted = this.#hearing.uncertain;
    this.#movedAt = now + this.#release.spreadMs;
    return true;
  }

  /** Continues under a higher epoch, with the same owners. */
  adopt(revision: Revision): void {
    this.#ring = { ...this.#ring, revision };
  }

  /**
   * Milliseconds until time alone allows `acknowledge`; undefined if there is nothing to release, or a gateway must be
   * heard first: nobody knows yet how many share the pace.
   */
  releaseIn(allApplied: boolean, now: number): number | undefined {
    const waiting = this.#unacknowledged;
    if (waiting === undefined) return undefined;
    const { unknown } = this.#hearing;
    if (unknown && Number.isFinite(waiting.pace.perSecond)) return undefined;
    const earliest = allApplied && !unknown ? now : waiting.since + ACK_DEADLINE_MS;
    return Math.max(0, earliest - now, this.#movedAt - now);
  }

  /** Milliseconds until `plan` can continue; undefined if nothing is left, or a release must come first. */
  planIn(now: number): number | undefined {
    const left = Object.values(this.#remaining).some(({ slots }) => slots > 0);
    return left && this.acknowledged ? Math.max(0, this.#movedAt - this.#leadMs - now) : undefined;
  }

  #releaseOf({ slots, pace: { perSecond } }: Unacknowledged, toMove: ToMoveOf): Release {
    const movableUpTo = this.#ring.revision;
    if (!Number.isFinite(perSecond)) return { movableUpTo, spreadMs: 0, maxPerSecond: 0 };
    const { all, most } = toMove(slots, this.#uncounted);
    const maxPerSecond = this.#uncounted ? perSecond / this.#hearing.sharers : perSecond;
    // The gateway with the most moves may have more than its share.
    const seconds = this.#uncounted ? Math.max(all / perSecond, most / maxPerSecond) : all / perSecond;
    return { movableUpTo, spreadMs: Math.ceil(seconds * 1000), maxPerSecond };
  }

  get #leadMs(): number {
    return this.#hearing.deaf ? DEAF.leadMs : LEAD_MS;
  }
}

const NONE = { slots: 0, connections: 0 };
export const NOTHING_LEFT: Readonly<Record<MoveReason, { slots: number; connections: number }>> = {
  lost: NONE,
  drain: NONE,
  balance: NONE,
};
