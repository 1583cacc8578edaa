import { setTimeout as delay } from 'node:timers/promises';

/**
 * A run that is wanted when another one ends waits for as long as that took, but for at most this long, ms: signals in
 * quick succession are taken together, and what else the process does gets half of its time while runs are shorter.
 */
const MAX_PAUSE_MS = 250;

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
    // The work may signal before its first await; that must find it running.
    this.#running ??= Promise.resolve()
      .then(() => this.#drain())
      .finally(() => {
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

  /** Stops after the run in progress; one that has not begun is dropped. */
  async stop(): Promise<void> {
    this.#abort.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #drain(): Promise<void> {
    let retryMs = 50;
    while (this.#wanted && !this.#abort.signal.aborted) {
      this.#wanted = false;
      const began = performance.now();
      try {
        await this.#work();
        retryMs = 50;
        if (this.#wanted) await this.#pause(Math.min(performance.now() - began, MAX_PAUSE_MS));
      } catch (error) {
        this.#onError(error, retryMs);
        this.#wanted = true;
        await this.#pause(retryMs);
        retryMs = Math.min(retryMs * 2, this.#maxRetryMs);
      }
    }
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#abort.signal }).catch(() => {});
  }
}
