/**
 * Lets tasks begin in their order, one in each turn of the event loop. However many there are, what else is ready, such as
 * messages of open connections, waits for one of them at most.
 */
export class OneATurn {
  readonly #waiting: (() => void)[] = [];
  /** One has begun in this turn. */
  #begun = false;

  add(task: () => void): void {
    if (this.#begun) this.#waiting.push(task);
    else this.#begin(task);
  }

  #begin(task: () => void): void {
    this.#begun = true;
    setImmediate(this.#nextTurn);
    task();
  }

  #nextTurn = (): void => {
    this.#begun = false;
    const task = this.#waiting.shift();
    if (task !== undefined) this.#begin(task);
  };
}
