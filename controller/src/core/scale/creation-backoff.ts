/**
 * A node that ends sooner than this after its start, or without ever having been ready, counts as a failed start, ms.
 */
const STABLE_MS = 10_000;
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 30_000;
/** Back-off after a node that could not even be created, ms: each attempt is a refused request. */
const REFUSED_DELAY_MS = { first: 1000, max: 10_000 };

/**
 * Slows down the starting of nodes that keep ending early: the first replacement is immediate, then 250 ms doubling up
 * to 30 s, until a node lives for 10 s and is ready. After a node that cannot be created: 1 s doubling up to 10 s,
 * until one can. Times are monotonic milliseconds.
 */
export class CreationBackoff {
  readonly #bornAt = new Map<string, number>();
  /** Those of them that were not ready when they were last seen. */
  readonly #starting = new Set<string>();
  #failures = 0;
  #notBefore = 0;
  #refusals = 0;

  created(id: string, now: number): void {
    this.#bornAt.set(id, now);
    this.#refusals = 0;
  }

  /** A node could not be created. */
  refused(now: number): void {
    const { first, max } = REFUSED_DELAY_MS;
    this.#notBefore = Math.max(this.#notBefore, now + Math.min(first * 2 ** this.#refusals, max));
    this.#refusals++;
  }

  /** Takes the nodes that are alive now, and those of them that have never been ready. */
  observe(alive: ReadonlySet<string>, now: number, starting: ReadonlySet<string> = new Set()): void {
    for (const [id, bornAt] of this.#bornAt) {
      if (starting.has(id)) this.#starting.add(id);
      else if (alive.has(id)) this.#starting.delete(id);
      if (now - bornAt >= STABLE_MS && !this.#starting.has(id)) {
        this.#bornAt.delete(id);
        if (alive.has(id)) this.#failures = 0;
      } else if (!alive.has(id)) {
        this.#bornAt.delete(id);
        this.#starting.delete(id);
        this.#failures++;
        if (this.#failures > 1)
          this.#notBefore = now + Math.min(FIRST_DELAY_MS * 2 ** (this.#failures - 2), MAX_DELAY_MS);
      }
    }
  }

  /** Milliseconds until a node may be started; 0: now. */
  waitMs(now: number): number {
    return Math.max(0, this.#notBefore - now);
  }
}
