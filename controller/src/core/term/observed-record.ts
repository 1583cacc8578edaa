import type { LockRecord } from '../ports/lock.ts';

/**
 * Tells whether the holder of a lock has failed to renew it in time, judged by when this process saw the record change,
 * never by the holder's clock.
 */
export class ObservedRecord {
  #renewal: string | undefined;
  /** By performance.now(), ms. */
  #expiresAt = 0;

  /** Takes what the lock has just shown; undefined if nobody holds it. */
  observe(record: LockRecord | undefined): void {
    if (record?.renewal === this.#renewal) return;
    this.#renewal = record?.renewal;
    // The holder renewed it at some time before: to count from now is safe.
    this.#expiresAt = performance.now() + (record?.expiresInMs ?? 0);
  }

  /** The last renewal that was seen, if its time is over. */
  get expired(): string | undefined {
    return performance.now() >= this.#expiresAt ? this.#renewal : undefined;
  }
}
