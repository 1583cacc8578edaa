/** Length of the window, ms. */
const WINDOW_MS = 3000;

/** Moves per second over the last 3 s, from each gateway's total. */
export class MoveRate {
  readonly #totals = new Map<string, number>();
  #moves: { at: number; count: number }[] = [];

  /** Takes a state, at monotonic ms. The moves of a new gateway happened before it was watched, and do not count. */
  take(gateways: readonly { id: string; moved: number }[], now: number): void {
    for (const { id, moved } of gateways) {
      const count = moved - (this.#totals.get(id) ?? moved);
      if (count > 0) this.#moves.push({ at: now, count });
      this.#totals.set(id, moved);
    }
  }

  perSecond(now: number): number {
    this.#moves = this.#moves.filter(({ at }) => now - at < WINDOW_MS);
    return this.#moves.reduce((sum, { count }) => sum + count, 0) / (WINDOW_MS / 1000);
  }
}
