/** Length of the window, ms. */
const WINDOW_MS = 3000;

/** Moves per second over the last 3 s, from what each gateway says that it has moved in all. */
export class MoveRate {
  readonly #totals = new Map<string, number>();
  #moves: { at: number; count: number }[] = [];

  /** Takes in a state, at monotonic ms. A gateway that is new has moved nobody before our eyes. */
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
