/** Length of the window, ms. */
const WINDOW_MS = 3000;

/** Moves per second over the last 3 s, from each gateway's total. Times are monotonic, ms. */
export class MoveRate {
  readonly #totals = new Map<string, number>();
  #moves: { at: number; count: number; spanMs: number }[] = [];
  #lostAt: number | undefined;

  /** No states come any more. The moves of that time are spread over it. */
  lose(now: number): void {
    this.#lostAt ??= now;
  }

  /** Takes a state. The moves of a new gateway happened before it was watched, and do not count. */
  take(gateways: readonly { id: string; moved: number }[], now: number): void {
    const spanMs = Math.max(WINDOW_MS, now - (this.#lostAt ?? now));
    this.#lostAt = undefined;
    for (const { id, moved } of gateways) {
      const count = moved - (this.#totals.get(id) ?? moved);
      if (count > 0) this.#moves.push({ at: now, count, spanMs });
      this.#totals.set(id, moved);
    }
  }

  perSecond(now: number): number {
    this.#moves = this.#moves.filter(({ at }) => now - at < WINDOW_MS);
    return this.#moves.reduce((sum, { count, spanMs }) => sum + (1000 * count) / spanMs, 0);
  }
}
