import { limitReached } from '../errors.ts';

/** Admits so many handshakes a second; after a quiet second, as many at once. */
export class HandshakeRate {
  readonly #now: () => number;
  #tokens = Number.POSITIVE_INFINITY;
  #at = 0;

  /** `now`: monotonic ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Counts one more. Throws LIMIT_REACHED beyond `maxPerSecond`; 0: no limit. */
  admit(maxPerSecond: number): void {
    if (maxPerSecond === 0) return;
    const now = this.#now();
    this.#tokens = Math.min(maxPerSecond, this.#tokens + ((now - this.#at) / 1000) * maxPerSecond);
    this.#at = now;
    if (this.#tokens < 1)
      throw limitReached(
        'maxHandshakesPerSecond',
        `this gateway has reached its limit of ${maxPerSecond} handshakes a second`,
      );
    this.#tokens--;
  }
}
