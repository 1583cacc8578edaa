/** Between two looks at the clock, ms: fine enough for an even pace, and one timer whatever the rate. */
const TICK_MS = 20;
/** After a stall (a stopped process, a long turn) at most this much time is made up for at once, ms. */
const MAX_CATCH_UP_MS = 100;
/** With no window, this many are done in one turn of the event loop, so that other work is not held up for long. */
const BATCH = 256;

/** Does something for each of many items, evenly over a span of time. */
export class Pacer<T> {
  readonly #act: (item: T) => void;
  readonly #now: () => number;
  #items: readonly T[] = [];
  #next = 0;
  /** Items per ms. */
  #rate = 0;
  /** Items, with fractions, that time has allowed and that are not done yet. */
  #credit = 0;
  #last = 0;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;

  /** `now`: monotonic ms. */
  constructor(act: (item: T) => void, now: () => number = () => performance.now()) {
    this.#act = act;
    this.#now = now;
  }

  /** What is still to be done, in order. */
  get left(): readonly T[] {
    return this.#items.slice(this.#next);
  }

  /** Replaces what is left to be done. `windowMs` 0: as fast as other work allows. */
  set(items: readonly T[], windowMs: number): void {
    const idle = this.#timer === undefined;
    this.stop();
    this.#items = items;
    if (items.length === 0) return;
    if (windowMs === 0) {
      this.#rate = Number.POSITIVE_INFINITY;
      this.#batch();
      return;
    }
    this.#rate = items.length / windowMs;
    // Half an item: the first one comes in the middle of its share of the window, and the last one before its end.
    if (idle || this.#credit > 1) this.#credit = 0.5;
    this.#last = this.#now();
    this.#timer = setInterval(this.#tick, TICK_MS);
  }

  /** Forgets what is left. */
  stop(): void {
    clearInterval(this.#timer as NodeJS.Timeout | undefined);
    clearImmediate(this.#timer as NodeJS.Immediate | undefined);
    this.#timer = undefined;
    this.#items = [];
    this.#next = 0;
  }

  #tick = (): void => {
    const now = this.#now();
    this.#credit += Math.min(now - this.#last, MAX_CATCH_UP_MS) * this.#rate;
    this.#last = now;
    // The sum of many fractions may miss a whole number by very little.
    const due = Math.floor(this.#credit + 1e-6);
    this.#credit -= due;
    this.#do(due);
  };

  #batch = (): void => {
    this.#timer = undefined;
    this.#do(BATCH);
    if (this.#next < this.#items.length) this.#timer = setImmediate(this.#batch);
  };

  #do(count: number): void {
    const items = this.#items;
    const end = Math.min(this.#next + count, items.length);
    while (this.#next < end) {
      const item = items[this.#next++] as T;
      this.#act(item);
      // The act may have replaced the items.
      if (this.#items !== items) return;
    }
    if (this.#next === items.length) this.stop();
  }
}
