import { WsClusterError } from '@wscluster/ring';

/**
 * One term of a leader. It is over when its deadline passes or it is ended, and then stays over. Times are of
 * performance.now(), in ms.
 */
export class Term {
  readonly #over = new AbortController();
  readonly #onDeadline: () => void;
  #deadline: number;
  #timer: NodeJS.Timeout | undefined;

  /** Calls `onDeadline`, which ends the term, once the deadline has passed, including all its extensions. */
  constructor(deadline: number, onDeadline: (term: Term) => void) {
    this.#deadline = deadline;
    this.#onDeadline = () => onDeadline(this);
    this.#watch();
  }

  /** Judged by the clock, not by the timer: a process that was frozen or busy knows at once that its term is over. */
  get leads(): boolean {
    return !this.#over.signal.aborted && performance.now() < this.#deadline;
  }

  /** Aborted once the term has been ended. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Moves the deadline; has no effect on a term that is over. */
  extend(deadline: number): void {
    if (this.leads) this.#deadline = deadline;
  }

  end(why: string): void {
    clearTimeout(this.#timer);
    this.#over.abort(new WsClusterError('CONFLICT', `the lead is over: ${why}`));
  }

  #watch(): void {
    const check = () => (performance.now() < this.#deadline ? this.#watch() : this.#onDeadline());
    this.#timer = setTimeout(check, Math.max(1, this.#deadline - performance.now()));
  }
}
