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
  /** What slots had that have lost their owner. */
  readonly #lost = new Map<number, number>();
  #lostAt = Number.NEGATIVE_INFINITY;

  /** With the same past, and a future of its own. */
  copy(): RecentCounts {
    const copy = new RecentCounts();
    copy.#kept.push(...this.#kept);
    for (const [slot, had] of this.#lost) copy.#lost.set(slot, had);
    copy.#next = this.#next;
    copy.#lostAt = this.#lostAt;
    return copy;
  }

  /** Call it every second. */
  note(counts: () => Readonly<Uint32Array>, now: number): void {
    if (now - this.#lostAt >= EVERY_MS * KEPT) this.#lost.clear();
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
    for (let slot = 0; slot < SLOTS; slot++) {
      if (owners[slot] !== NO_OWNER) continue;
      const of = [counts, ...this.#kept].map((kept) => kept[slot] ?? 0);
      this.#lost.set(slot, Math.max(this.#lost.get(slot) ?? 0, ...of));
      this.#lostAt = now;
    }
    if (this.#lost.size === 0) return counts;
    const result = counts.slice();
    for (const [slot, had] of this.#lost) result[slot] = Math.max(result[slot] ?? 0, had);
    return result;
  }
}
