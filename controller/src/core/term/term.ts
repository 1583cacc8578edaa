import { WsClusterError } from '@wscluster/ring';

/**
 * One term of a leader. It leads until its deadline. If that passes because the lock's service is away, it stands in
 * for as long as it is followed. It is over when both have passed or it is ended, and then stays over. Times are of
 * performance.now(), in ms.
 */
export class Term {
  readonly #over = new AbortController();
  readonly #onDeadline: () => void;
  readonly #onStandIn: () => void;
  #deadline: number;
  #followedUntil = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Calls `onStandIn` when it begins to stand in, and `onDeadline`, which ends the term, once the deadline has passed,
   * including all its extensions.
   */
  constructor(deadline: number, { onStandIn, onDeadline }: { onStandIn(): void; onDeadline(term: Term): void }) {
    this.#deadline = deadline;
    this.#onStandIn = onStandIn;
    this.#onDeadline = () => onDeadline(this);
    this.#watch();
  }

  /** Judged by the clock, not by the timer: a process that was frozen or busy knows at once that its term is over. */
  get leads(): boolean {
    return !this.#over.signal.aborted && performance.now() < this.#deadline;
  }

  /** True between the deadline and the time until which it is followed. */
  get standsIn(): boolean {
    return this.continues && !this.leads;
  }

  /** False once it is over. */
  get continues(): boolean {
    return !this.#over.signal.aborted && performance.now() < Math.max(this.#deadline, this.#followedUntil);
  }

  /** Aborted once the term has been ended. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Moves the deadline; has no effect on a term that is over. */
  extend(deadline: number): void {
    if (this.continues) this.#deadline = deadline;
  }

  /** Moves the time until which it is followed; has no effect on a term that is over. */
  follow(until: number): void {
    if (this.continues) this.#followedUntil = until;
  }

  end(why: string): void {
    clearTimeout(this.#timer);
    this.#over.abort(new WsClusterError('CONFLICT', `the lead is over: ${why}`));
  }

  #watch(): void {
    const check = () => {
      if (!this.continues) return this.#onDeadline();
      if (!this.leads) this.#onStandIn();
      this.#watch();
    };
    const until = this.leads ? this.#deadline : this.#followedUntil;
    this.#timer = setTimeout(check, Math.max(1, until - performance.now()));
  }
}
