import { holderOf, type Lease, renewalOf } from './lease.ts';

/** For a Lease that does not say for how long it is held. */
const DEFAULT_SECONDS = 15;

/**
 * Tells whether a Lease has expired, by when we saw it change and never by the holder's clock. It is read again and
 * again; what is not renewed for as long as the holder said is free.
 */
export class LeaseView {
  #renewal: string | undefined;
  /** When the present renewal was seen first, by performance.now(). */
  #since = 0;

  /** Takes in what was just read. */
  observe(lease: Lease): void {
    const renewal = renewalOf(lease);
    if (renewal === this.#renewal) return;
    this.#renewal = renewal;
    // It was renewed at some time before: to count from now errs on the safe side.
    this.#since = performance.now();
  }

  /** True when nobody holds it, or the holder has not renewed it in time. Of the Lease that was observed last. */
  isFree(lease: Lease): boolean {
    if (holderOf(lease) === undefined) return true;
    const seconds = lease.spec?.leaseDurationSeconds ?? DEFAULT_SECONDS;
    return performance.now() - this.#since >= seconds * 1000;
  }
}
