/** What waits for a turn. */
export interface Waiter {
  /** It is its turn. */
  begin(): void;
}

/**
 * Gives one turn of the event loop to each who wants one, in their order. However many there are, what else is ready,
 * such as messages of open connections, waits for one of them at most.
 */
export class OneATurn {
  readonly #waiting: Waiter[] = [];
  /** This turn is given away. */
  #taken = false;

  /** Takes this turn. Returns false if it is given away, or others wait. */
  take(): boolean {
    if (this.#taken) return false;
    this.#taken = true;
    setImmediate(this.#nextTurn);
    return true;
  }

  /** Gives it a later turn; call this only if there is none to take. */
  wait(waiter: Waiter): void {
    this.#waiting.push(waiter);
  }

  #nextTurn = (): void => {
    this.#taken = false;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.take();
    next.begin();
  };
}
