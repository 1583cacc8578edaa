/** Work that goes on, so that closing can wait for it. */
export class InProgress {
  readonly #works = new Set<Promise<unknown>>();

  /** Keeps `work` until it has settled. A failure is for whoever has the promise. */
  add(work: Promise<unknown>): void {
    this.#works.add(work);
    const forget = () => this.#works.delete(work);
    work.then(forget, forget);
  }

  /** Resolves when all that goes on now has settled, also if some of it fails. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#works);
  }
}
