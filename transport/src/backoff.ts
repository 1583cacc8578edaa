/** Waits between attempts to reconnect. */
export interface BackoffLimits {
  /** Shortest wait, and the ceiling's first value; milliseconds. */
  readonly minMs: number;
  /** Longest wait; milliseconds. */
  readonly maxMs: number;
}

/**
 * Milliseconds to wait before attempt `attempt` (1 for the first repeat): evenly spread between `minMs` and a ceiling
 * that doubles with each attempt up to `maxMs`. The spread keeps many followers of one hub from coming back in step.
 */
export function backoffMs(
  attempt: number,
  { minMs, maxMs }: BackoffLimits,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(maxMs, minMs * 2 ** attempt);
  return minMs + random() * (ceiling - minMs);
}
