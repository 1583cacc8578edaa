import { holderOf, type Lease, renewalOf } from './lease.ts';

/** For a Lease that does not say for how long it is held. */
const DEFAULT_SECONDS = 15;
/** In the place of a renewal. */
const VANISHED = 'vanished';

/**
 * Tells whether a Lease has expired, by when we saw it change and never by the holder's clock. It is read again and
 * again; what is not renewed for as long as the holder said is free.
 */
export class LeaseView {
  #renewal: string | undefined;
  /** When the present renewal was seen first, by performance.now(). */
  #since = 0;
  /** The last that was there. */
  #last: Lease | undefined;

  /** Takes in what was just read; undefined when there is none. */
  observe(lease: Lease | undefined): void {
    const renewal = lease === undefined ? VANISHED : renewalOf(lease);
    this.#last = lease ?? this.#last;
    if (renewal === this.#renewal) return;
    this.#renewal = renewal;
    // It was renewed at some time before: to count from now errs on the safe side.
    this.#since = performance.now();
  }

  /**
   * True when nobody holds it, or the holder has not renewed it in time, by what was observed last. One that vanished is
   * its holder's until then: that leads on, and makes it again. `own`: who asks.
   */
  isFree(own?: string): boolean {
    const holder = holderOf(this.#last);
    if (holder === undefined || (this.#renewal === VANISHED && holder === own)) return true;
    const seconds = this.#last?.spec?.leaseDurationSeconds ?? DEFAULT_SECONDS;
    return performance.now() - this.#since >= seconds * 1000;
  }
}
