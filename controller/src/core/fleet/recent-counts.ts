import { NO_OWNER, SLOTS } from '@wscluster/ring';

/** How often the counts are kept, ms, ... */
const EVERY_MS = 5_000;
/** ... and how many of them. A node is seen to be lost within this time; its clients have left it by then. */
const KEPT = 4;

/**
 * The connections that slots had of late. The clients of a lost node are nowhere for a moment, but will be back, so
 * their slots count as what they had. Times are monotonic ms.
 */
export class RecentCounts {
  readonly #kept: Readonly<Uint32Array>[] = [];
  #next = Number.NEGATIVE_INFINITY;
  /** What slots had that have lost their owner; undefined if it is nothing. */
  #lost: Uint32Array | undefined;
  #lostAt = Number.NEGATIVE_INFINITY;

  /** With the same past, and a future of its own. */
  copy(): RecentCounts {
    const copy = new RecentCounts();
    copy.#kept.push(...this.#kept);
    copy.#lost = this.#lost?.slice();
    copy.#next = this.#next;
    copy.#lostAt = this.#lostAt;
    return copy;
  }

  /** Call it every second. */
  note(counts: () => Readonly<Uint32Array>, now: number): void {
    if (now - this.#lostAt >= EVERY_MS * KEPT) this.#lost = undefined;
    if (now < this.#next) return;
    this.#next = now + EVERY_MS;
    this.#kept.push(counts());
    if (this.#kept.length > KEPT) this.#kept.shift();
  }

  /**
   * The present counts, with the most of late for slots that have lost their owner, now or of late. `owners`: NO_OWNER
   * for those that have lost it.
   */
  withLost(counts: Readonly<Uint32Array>, owners: Readonly<Uint16Array>, now: number): Readonly<Uint32Array> {
    const past = [counts, ...this.#kept];
    for (let slot = 0; slot < SLOTS; slot++) {
      if (owners[slot] !== NO_OWNER) continue;
      this.#lostAt = now;
      for (const then of past) {
        const had = then[slot] as number;
        if (had === 0) continue;
        this.#lost ??= new Uint32Array(SLOTS);
        this.#lost[slot] = Math.max(this.#lost[slot] as number, had);
      }
    }
    const lost = this.#lost;
    if (lost === undefined) return counts;
    const result = counts.slice();
    for (let slot = 0; slot < SLOTS; slot++) result[slot] = Math.max(result[slot] as number, lost[slot] as number);
    return result;
  }
}
