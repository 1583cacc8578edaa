/** Seconds without a report after which nobody waits for a worker. The controller gives a whole gateway as long. */
const LATE = 3;
/** Seconds after which it is replaced. */
const HUNG = 10;

/**
 * Finds workers that hang: each reports every second. Seconds are counted by ticks, not by a clock, so that nobody is
 * blamed after the whole machine was stopped.
 */
export class Silence {
  readonly #seconds = new Map<number, number>();

  heard(worker: number): void {
    this.#seconds.set(worker, 0);
  }

  drop(worker: number): void {
    this.#seconds.delete(worker);
  }

  /**
   * Call this every second while reports can arrive. Returns the workers, of those that have reported before, that
   * hang.
   */
  tick(): number[] {
    for (const [worker, seconds] of this.#seconds) this.#seconds.set(worker, seconds + 1);
    return [...this.#seconds].filter(([, seconds]) => seconds > HUNG).map(([worker]) => worker);
  }

  /** Whether it has not reported for so long that nobody should wait for it. */
  isLate(worker: number): boolean {
    return (this.#seconds.get(worker) ?? 0) > LATE;
  }
}
