import { readFileSync } from 'node:fs';

const TICK_MS = 25;

interface Wait {
  readonly end: number;
  onEnd(): void;
}

/**
 * A clock that stands still while this process or another one waits for a processor. Whoever is too slow by it hangs,
 * however busy the machine is.
 */
export class Patience {
  readonly #pids: readonly number[];
  readonly #timer: NodeJS.Timeout;
  readonly #waits = new Set<Wait>();
  #seen = performance.now();
  #delays: readonly number[];
  #stopped = false;
  /** Milliseconds. */
  now = 0;

  /** `pids`: of the other processes. */
  constructor(pids: readonly number[]) {
    this.#pids = [process.pid, ...pids];
    this.#delays = this.#pids.map(delayOf);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Whoever still waits fails; else it would wait for ever. */
  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  /** Calls after so many milliseconds; returns what takes that back. */
  after(ms: number, onEnd: () => void): () => void {
    const wait = { end: this.now + ms, onEnd };
    this.#waits.add(wait);
    return () => this.#waits.delete(wait);
  }

  /** Checks a condition every few ms; fails with `what` if it is not met in time. */
  async until(what: string, met: () => boolean, ms: number): Promise<void> {
    const end = this.now + ms;
    while (!met()) {
      if (this.now > end || this.#stopped) throw new Error(`not within ${ms} ms: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  #tick(): void {
    const seen = performance.now();
    const delays = this.#pids.map(delayOf);
    const waited = Math.max(...delays.map((delay, i) => delay - (this.#delays[i] ?? 0)));
    this.now += Math.max(0, seen - this.#seen - waited);
    this.#seen = seen;
    this.#delays = delays;
    for (const wait of this.#waits)
      if (wait.end <= this.now) {
        this.#waits.delete(wait);
        wait.onEnd();
      }
  }
}

/** Milliseconds that the main thread of a process has waited for a processor; 0 where the system does not tell. */
function delayOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}
