/** Functions that are called when something happens, in the order in which they were added. They must not throw. */
export class Listeners<Args extends readonly unknown[] = []> {
  readonly #listeners = new Set<{ readonly listener: (...args: Args) => void }>();

  get size(): number {
    return this.#listeners.size;
  }

  /** Returns a function that ends it. Each call is a separate registration, even of the same function. */
  add(listener: (...args: Args) => void): () => void {
    const entry = { listener };
    this.#listeners.add(entry);
    return () => {
      this.#listeners.delete(entry);
    };
  }

  call(...args: Args): void {
    // A copy, since a listener may add or remove others.
    for (const { listener } of [...this.#listeners]) listener(...args);
  }
}
