/** A connection; 0 if nothing of it waits to be read. */
interface Holding {
  readonly heldBytes: number;
}

/** What waits in the gateway to be read, in all connections together, as of the last sweep over them. */
export class HeldBytes {
  #isTooMuch = false;

  /** Whether it was more than allowed: then the connections that held the most have been ended. */
  get isTooMuch(): boolean {
    return this.#isTooMuch;
  }

  /**
   * Counts what all hold. Returns those that hold the most: without them, the rest holds no more than `limit`. 0: no
   * limit.
   */
  sweep<T extends Holding>(all: readonly T[], limit: number): T[] {
    this.#isTooMuch = false;
    if (limit === 0) return [];
    const holding = all.map((entry) => ({ entry, bytes: entry.heldBytes })).filter(({ bytes }) => bytes > 0);
    let held = holding.reduce((sum, { bytes }) => sum + bytes, 0);
    if (held <= limit) return [];
    this.#isTooMuch = true;
    holding.sort((a, b) => b.bytes - a.bytes);
    const heaviest: T[] = [];
    for (const { entry, bytes } of holding) {
      if (held <= limit) break;
      heaviest.push(entry);
      held -= bytes;
    }
    return heaviest;
  }
}
