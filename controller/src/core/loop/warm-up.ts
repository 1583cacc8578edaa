import type { Workload } from '../ports/workload-source.ts';

/** A cold controller waits this long for the members of the stored ring to be seen, ms. */
export const WARM_UP_MS = 10_000;

/**
 * A controller that has just started sees half of the world for a moment, and must not move anybody because of it: it is
 * cold until every member of the stored ring was listed, or time is up. Times are monotonic ms.
 */
export class WarmUp {
  readonly #until: number;
  #awaited: ReadonlySet<string>;

  constructor(memberIds: Iterable<string>, now: number) {
    this.#awaited = new Set(memberIds);
    this.#until = now + WARM_UP_MS;
  }

  /** True as long as it waits for somebody. */
  get cold(): boolean {
    return this.#awaited.size > 0;
  }

  /** Takes in a listing: how long to wait for the next one, or `missing` when the wait ends without these nodes. */
  look(listing: readonly Workload[], now: number): { waitMs: number } | { missing: readonly string[] } {
    const seen = new Set(listing.map((workload) => workload.id));
    const missing = [...this.#awaited].filter((id) => !seen.has(id));
    if (missing.length > 0 && now < this.#until) return { waitMs: this.#until - now };
    this.#awaited = new Set();
    return { missing };
  }
}
