import { backoffMs } from '@wscluster/transport';
import type { ApiRefusal } from './api-error.ts';

const BACKOFF = { minMs: 50, maxMs: 10_000 };
/** The longest pause that a server is granted, ms. */
const MAX_RETRY_AFTER_MS = 60_000;
/** A watch that was open for less than this counts as a failed attempt, ms. */
const SHORT_MS = 1000;
/** After this many consecutive failures the server may be another one, with another history. */
const DOUBT_AFTER_FAILURES = 3;

/** How an attempt to list and watch ended. */
export interface Ended {
  /** How long the watch was open, ms; 0 if it never was. */
  readonly openMs: number;
  /** It ended with an error. */
  readonly failed: boolean;
  /** The server's answer, if there was one. */
  readonly refusal?: ApiRefusal | undefined;
}

/**
 * Says when to list or watch again. Only a watch that stays open shows that the server is well: an overloaded server
 * takes its time to refuse.
 */
export class WatchPace {
  readonly #random: () => number;
  /** Consecutive failures. */
  #failures = 0;
  #doubtful = false;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Whether everything has to be listed once the server accepts watches again. */
  get doubtful(): boolean {
    return this.#doubtful;
  }

  listed(): void {
    this.#doubtful = false;
  }

  /** Milliseconds until the next attempt. */
  ended({ openMs, failed, refusal }: Ended): number {
    if (openMs >= SHORT_MS) this.#failures = failed ? 1 : 0;
    else this.#failures++;
    if (this.#failures >= DOUBT_AFTER_FAILURES) this.#doubtful = true;
    if (this.#failures === 0) return 0;
    const asked = Math.min(refusal?.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
    return Math.max(asked, backoffMs(this.#failures, BACKOFF, this.#random));
  }
}

/** Whether a refused watch cannot continue from its version: the history was compacted, or the kind has changed. */
export function losesItsPlace(refusal: ApiRefusal | undefined): boolean {
  return refusal !== undefined && [400, 404, 410].includes(refusal.status);
}
