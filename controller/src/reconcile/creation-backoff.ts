/** A node that ends sooner than this after its start counts as a failed start, ms. */
const STABLE_MS = 10_000;
const FIRST_DELAY_MS = 250;
const MAX_DELAY_MS = 30_000;

/**
 * Slows down the starting of nodes while they keep dying young: the first replacement is immediate, then 250 ms
 * doubling up to 30 s; a node that lives for 10 s ends it. Times are monotonic milliseconds.
 */
export class CreationBackoff {
  readonly #bornAt = new Map<string, number>();
  #failures = 0;
  #notBefore = 0;

  created(id: string, now: number): void {
    this.#bornAt.set(id, now);
  }

  /** Takes in which nodes are alive now. */
  observe(alive: ReadonlySet<string>, now: number): void {
    for (const [id, bornAt] of this.#bornAt) {
      if (now - bornAt >= STABLE_MS) {
        this.#bornAt.delete(id);
        if (alive.has(id)) this.#failures = 0;
      } else if (!alive.has(id)) {
        this.#bornAt.delete(id);
        this.#failures++;
        if (this.#failures > 1)
          this.#notBefore = now + Math.min(FIRST_DELAY_MS * 2 ** (this.#failures - 2), MAX_DELAY_MS);
      }
    }
  }

  /** Milliseconds until a node may be started; 0 when now. */
  waitMs(now: number): number {
    return Math.max(0, this.#notBefore - now);
  }
}
