import { setTimeout as delay } from 'node:timers/promises';

/**
 * Runs `work` once for any number of signals that have arrived meanwhile, and never twice at a time. A failed run is
 * repeated with back-off (50 ms, doubling up to `maxRetryMs`, default 5 s, reset by success), since the reason to run
 * remains. That is what a rate-limiting work queue of client-go and its worker do for a single key; there is no queue,
 * since there are no items.
 */
export class CoalescedRunner {
  readonly #work: () => Promise<void>;
  readonly #onError: (error: unknown, retryMs: number) => void;
  readonly #maxRetryMs: number;
  readonly #abort = new AbortController();
  #wanted = false;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #timerAt = Number.POSITIVE_INFINITY;

  constructor(work: () => Promise<void>, onError: (error: unknown, retryMs: number) => void, maxRetryMs = 5000) {
    this.#work = work;
    this.#onError = onError;
    this.#maxRetryMs = maxRetryMs;
  }

  /** A run is wanted but has not begun. */
  get waiting(): boolean {
    return this.#wanted;
  }

  signal(): void {
    if (this.#abort.signal.aborted) return;
    this.#wanted = true;
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
      // The signal may have arrived after the last check.
      if (this.#wanted) this.signal();
    });
  }

  /** Signals after at most `ms`; an earlier timer stays. */
  signalIn(ms: number): void {
    const at = performance.now() + ms;
    if (this.#abort.signal.aborted || at >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = at;
    this.#timer = setTimeout(() => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.signal();
    }, ms);
  }

  /** Stops after the run in progress. */
  async stop(): Promise<void> {
    this.#abort.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #drain(): Promise<void> {
    let retryMs = 50;
    while (this.#wanted && !this.#abort.signal.aborted) {
      this.#wanted = false;
      try {
        await this.#work();
        retryMs = 50;
      } catch (error) {
        this.#onError(error, retryMs);
        this.#wanted = true;
        await delay(retryMs, undefined, { signal: this.#abort.signal }).catch(() => {});
        retryMs = Math.min(retryMs * 2, this.#maxRetryMs);
      }
    }
  }
}
