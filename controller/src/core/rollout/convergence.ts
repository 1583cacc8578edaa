import type { Rollout } from './rollout.ts';

/** A completed change of owners. */
export interface Convergence {
  /** ISO 8601. */
  readonly at: string;
  /** Time from the first step to the last move. */
  readonly ms: number;
  /** Clients that were moved. */
  readonly moved: number;
}

/** Gateways report every second: their moves are known this long after the last one, ms. */
const REPORTED_MS = 1200;

/** Tells when a change of owners, in however many steps, is complete. Times are monotonic ms. */
export class ConvergenceWatch {
  #since: { at: number; moved: number } | undefined;
  #last: Convergence | undefined;

  /** The last change that is complete; undefined before the first. */
  get last(): Convergence | undefined {
    return this.#last;
  }

  /** A ring with other owners is being published. `moved`: all clients moved so far. */
  begin(now: number, moved: number): void {
    this.#since ??= { at: now, moved };
  }

  /** The change that has just been completed; undefined if there is none. */
  look(rollout: Pick<Rollout, 'complete' | 'movedAt'>, moved: number, now: number): Convergence | undefined {
    const since = this.#since;
    if (since === undefined || !rollout.complete) return undefined;
    const ended = Math.max(since.at, rollout.movedAt);
    if (now < ended + REPORTED_MS) return undefined;
    this.#since = undefined;
    const ms = Math.round(ended - since.at);
    this.#last = { at: new Date(Date.now() - (now - ended)).toISOString(), ms, moved: moved - since.moved };
    return this.#last;
  }
}
