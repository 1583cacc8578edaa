/** Milliseconds between two ticks: short enough for an even pace, with one timer at any rate. */
const TICK_MS = 5;
/** At most so many milliseconds are made up for after a stall of the process, with a limit after slow work too. */
const MAX_CATCH_UP_MS = 100;
/** Milliseconds of work per turn of the event loop, so that other work is not held up for long. */
const TURN_MS = 1;
/** The same without a pace to keep: all clients answer at once, which costs the next turns many times as much. */
const UNPACED_TURN_MS = 0.15;

export interface PacerOptions {
  /**
   * The rate is a limit, so work that took too long is not made up for. Default: it is, so that the window has an end.
   */
  readonly isLimit?: boolean;
  /** Monotonic ms. */
  readonly now?: () => number;
}

/** Acts on many items, spread evenly over a time span. */
export class Pacer<T> {
  readonly #act: (item: T) => void;
  readonly #isLimit: boolean;
  readonly #now: () => number;
  #items: readonly T[] = [];
  #next = 0;
  /** Items per ms. */
  #rate = 0;
  /** Items, including fractions, that are due but not done yet. */
  #credit = 0;
  #last = 0;
  #timer: NodeJS.Timeout | undefined;
  #nextTurn: NodeJS.Immediate | undefined;

  constructor(act: (item: T) => void, { isLimit = false, now = () => performance.now() }: PacerOptions = {}) {
    this.#act = act;
    this.#isLimit = isLimit;
    this.#now = now;
  }

  /** The items that are left, in order. */
  get left(): readonly T[] {
    return this.#items.slice(this.#next);
  }

  /** Replaces the items that are left. `windowMs` 0: as fast as other work allows. */
  set(items: readonly T[], windowMs: number): void {
    const idle = this.#items.length === 0;
    this.stop();
    this.#items = items;
    if (items.length === 0) return;
    if (windowMs === 0) {
      this.#credit = Number.POSITIVE_INFINITY;
      this.#work();
      return;
    }
    this.#rate = items.length / windowMs;
    // Half an item, so that the first one is due in the middle of its share of the window, and the last one before the
    // end.
    if (idle || this.#credit > 1) this.#credit = 0.5;
    this.#last = this.#now();
    this.#timer = setInterval(this.#tick, TICK_MS);
  }

  /** Drops the items that are left. */
  stop(): void {
    clearInterval(this.#timer);
    clearImmediate(this.#nextTurn);
    this.#timer = undefined;
    this.#nextTurn = undefined;
    this.#items = [];
    this.#next = 0;
  }

  #tick = (): void => {
    const now = this.#now();
    this.#credit += Math.min(now - this.#last, MAX_CATCH_UP_MS) * this.#rate;
    if (this.#isLimit) this.#credit = Math.min(this.#credit, 1 + MAX_CATCH_UP_MS * this.#rate);
    this.#last = now;
    if (this.#nextTurn === undefined) this.#work();
  };

  #work = (): void => {
    this.#nextTurn = undefined;
    const items = this.#items;
    const until = this.#now() + (Number.isFinite(this.#credit) ? TURN_MS : UNPACED_TURN_MS);
    // The sum of many fractions may be very slightly below a whole number.
    while (this.#credit > 1 - 1e-6) {
      const item = items[this.#next++] as T;
      this.#credit -= 1;
      this.#act(item);
      // The action may have replaced the items.
      if (this.#items !== items) return;
      if (this.#next === items.length) {
        this.stop();
        return;
      }
      if (this.#now() < until) continue;
      this.#nextTurn = setImmediate(this.#work);
      return;
    }
  };
}
