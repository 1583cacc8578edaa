interface Placed {
  [place: symbol]: number | undefined;
}

/**
 * A set for what comes and goes all the time. V8 replaces the table of a Set, or of a Map, after a few additions, and
 * the old one still refers to the new one and to all that was in it. Once one of them is in the old generation,
 * everything that was ever in them survives until the next full collection.
 */
export class Roster<T extends object> implements Iterable<T> {
  readonly #items: T[] = [];
  /** Where an item is in the list. */
  readonly #place = Symbol('place');

  get size(): number {
    return this.#items.length;
  }

  /** Adds an item that is not in it. */
  add(item: T): void {
    this.#put(item, this.#items.length);
  }

  /** Does nothing for an item that is not in it. */
  delete(item: T): void {
    const place = (item as Placed)[this.#place];
    if (place === undefined || this.#items[place] !== item) return;
    const last = this.#items.pop();
    if (last !== undefined && last !== item) this.#put(last, place);
  }

  /** Nothing may be added or deleted meanwhile. */
  [Symbol.iterator](): Iterator<T> {
    return this.#items.values();
  }

  #put(item: T, place: number): void {
    (item as Placed)[this.#place] = place;
    this.#items[place] = item;
  }
}
