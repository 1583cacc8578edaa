import type { LockRecord } from '../ports/lock.ts';

/**
 * Tells whether the holder of a lock has failed to renew it in time, by when this process saw the record change and never
 * by the holder's clock.
 */
export class ObservedRecord {
  #renewal: string | undefined;
  /** By performance.now(), ms. */
  #expiresAt = 0;

  /** Takes in what the lock has just shown; undefined when nobody holds it. */
  observe(record: LockRecord | undefined): void {
    if (record?.renewal === this.#renewal) return;
    this.#renewal = record?.renewal;
    // The holder renewed it at some time before: counting from now errs on the safe side.
    this.#expiresAt = performance.now() + (record?.expiresInMs ?? 0);
  }

  /** The renewal that was observed last, if its time is over. */
  get expired(): string | undefined {
    return performance.now() >= this.#expiresAt ? this.#renewal : undefined;
  }
}
