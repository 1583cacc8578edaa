/** A connection; 0 if nothing of it waits to be read. */
interface Holding {
  readonly heldBytes: number;
}

/** What waits in the gateway to be read, in all connections together, as of the last sweep over them. */
export class HeldBytes {
  #isTooMuch = false;

  /** Whether it was more than allowed, so that connections had to be ended. */
  get isTooMuch(): boolean {
    return this.#isTooMuch;
  }

  /**
   * Counts what all hold. Returns those that hold the most: without them, the rest holds no more than `most`. 0: no
   * limit.
   */
  sweep<T extends Holding>(all: readonly T[], most: number): T[] {
    this.#isTooMuch = false;
    if (most === 0) return [];
    const holding = all.map((entry) => ({ entry, bytes: entry.heldBytes })).filter(({ bytes }) => bytes > 0);
    let held = holding.reduce((sum, { bytes }) => sum + bytes, 0);
    if (held <= most) return [];
    this.#isTooMuch = true;
    holding.sort((a, b) => b.bytes - a.bytes);
    let count = 0;
    for (; held > most; count++) held -= holding[count]?.bytes ?? held;
    return holding.slice(0, count).map(({ entry }) => entry);
  }
}
