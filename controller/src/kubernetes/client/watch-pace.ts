import { backoffMs } from '@wscluster/transport';
import type { ApiRefusal } from './api-error.ts';

const BACKOFF = { minMs: 50, maxMs: 10_000 };
/** A server that asks for more patience than this gets no more, ms. */
const MAX_RETRY_AFTER_MS = 60_000;
/** A watch that was open for less counts as a failed try, ms. */
const SHORT_MS = 1000;
/** After so many failures in a row the server may be another one, with another past. */
const DOUBT_AFTER_FAILURES = 3;

/** How a try to list and watch ended. */
export interface Ended {
  /** How long the watch was open, ms; 0 when it never was. */
  readonly openMs: number;
  /** It ended by an error, and not in order. */
  readonly failed: boolean;
  /** What the server answered, if it did. */
  readonly refusal?: ApiRefusal | undefined;
}

/** Says when objects are listed or watched again. Only a watch that stays open shows that the server is well: one with too much to do takes its time to refuse. */
export class WatchPace {
  readonly #random: () => number;
  /** In a row. */
  #failures = 0;
  #doubtful = false;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  /** Whether everything has to be listed once the server can be watched again. */
  get doubtful(): boolean {
    return this.#doubtful;
  }

  listed(): void {
    this.#doubtful = false;
  }

  /** Milliseconds until the next try. */
  ended({ openMs, failed, refusal }: Ended): number {
    if (openMs >= SHORT_MS) this.#failures = failed ? 1 : 0;
    else this.#failures++;
    if (this.#failures >= DOUBT_AFTER_FAILURES) this.#doubtful = true;
    if (this.#failures === 0) return 0;
    const asked = Math.min(refusal?.retryAfterMs ?? 0, MAX_RETRY_AFTER_MS);
    return Math.max(asked, backoffMs(this.#failures, BACKOFF, this.#random));
  }
}

/** Whether a refused watch cannot go on from where it was: the past is forgotten, or the kind is another one. */
export function losesItsPlace(refusal: ApiRefusal | undefined): boolean {
  return refusal !== undefined && [400, 404, 410].includes(refusal.status);
}
