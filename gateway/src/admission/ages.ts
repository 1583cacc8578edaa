/** By how much less than the maximum age a connection may reach, as a share of it. */
const JITTER = 0.2;
/** Kinds of lots: few, so that one is a small integer. */
const LOTS = 1_024;

/** When a connection was opened, and when among others of the same age it is old. */
export interface Birth {
  /** Monotonic, the next whole second. */
  readonly seconds: number;
  /** At random. */
  readonly lot: number;
}

/** `now`: monotonic ms. */
export function bornNow(now = performance.now()): Birth {
  return { seconds: Math.ceil(now / 1_000), lot: Math.floor(Math.random() * LOTS) };
}

/**
 * Says which connections are old: each at an age of its own, between 80 and 100 % of the maximum. When more are old
 * than would be in the course of time, as after many came at once or the maximum was lowered, it takes at least a
 * fifth of the maximum to tell all of them.
 */
export class Ages {
  readonly #now: () => number;
  #at = 0;
  /** Connections that may be told now. */
  #credit = 1;

  /** `now`: monotonic ms. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Those that may be told to come back now. `maxMs`: the maximum age; 0: none. */
  due<T extends { readonly birth: Birth; readonly told: boolean }>(all: readonly T[], maxMs: number): T[] {
    const now = this.#now();
    const elapsed = now - this.#at;
    this.#at = now;
    if (maxMs === 0) return [];
    const rate = all.length / (maxMs * JITTER);
    // After a pause no more than usual; with a few connections they come one by one.
    this.#credit = Math.min(this.#credit + elapsed * rate, Math.max(1, 2_000 * rate));
    const old: T[] = [];
    for (const entry of all) {
      if (this.#credit < 1) break;
      if (entry.told || !isOld(entry.birth, maxMs, now)) continue;
      this.#credit--;
      old.push(entry);
    }
    return old;
  }
}

function isOld({ seconds, lot }: Birth, maxMs: number, now: number): boolean {
  return now - seconds * 1_000 >= maxMs * (1 - (JITTER * lot) / LOTS);
}
