/** Runs asynchronous work one after the other, in the order of the calls. Work that fails does not hold up the next. */
export class SerialQueue {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` once all earlier work has settled, and never before this call returns. Settles as `work` does. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  /** Resolves when all work so far has settled. */
  async idle(): Promise<void> {
    await this.#last;
  }
}
