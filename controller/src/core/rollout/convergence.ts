import type { Rollout } from './rollout.ts';

/** How owners that changed came to their end. */
export interface Convergence {
  /** ISO 8601. */
  readonly at: string;
  /** From the first step to the last move. */
  readonly ms: number;
  /** Clients that were told to reconnect. */
  readonly moved: number;
}

/** Gateways report each second: what they moved is known so long after the last move, ms. */
const REPORTED_MS = 1200;

/** Tells when a change of owners, in however many steps, has come to its end. Times are monotonic ms. */
export class ConvergenceWatch {
  #since: { at: number; moved: number } | undefined;
  #last: Convergence | undefined;

  /** Of the last change that has ended; undefined before. */
  get last(): Convergence | undefined {
    return this.#last;
  }

  /** A ring with other owners is published. `moved`: all clients moved so far. */
  begin(now: number, moved: number): void {
    this.#since ??= { at: now, moved };
  }

  /** The change that has just ended; undefined when none has. */
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
