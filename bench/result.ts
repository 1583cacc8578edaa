/** What the command line asks of a benchmark. */
export interface BenchOptions {
  /** Measure less, to see whether it works. */
  readonly quick: boolean;
  /** Only these cases, of a benchmark that has several. */
  readonly cases?: readonly string[] | undefined;
}

/** One measured figure and what it has to keep. */
export interface BenchResult {
  /** What was measured, in a few words. */
  readonly name: string;
  readonly measured: number;
  readonly limit: number;
  /** `measured` keeps `limit`. */
  readonly ok: boolean;
  /** Of both `measured` and `limit`. */
  readonly unit: string;
  /** How it was measured, and figures beside it. */
  readonly detail: string;
  /** The limit is a lower one; without it, an upper one. */
  readonly atLeast?: boolean;
}

/** A figure that must not exceed its limit. */
export function atMost(name: string, measured: number, limit: number, unit: string, detail: string): BenchResult {
  return { name, measured, limit, ok: measured <= limit, unit, detail };
}

/** A figure that must reach its limit. */
export function atLeast(name: string, measured: number, limit: number, unit: string, detail: string): BenchResult {
  return { name, measured, limit, ok: measured >= limit, unit, detail, atLeast: true };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
