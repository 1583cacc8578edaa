/** Bounds of the waits between attempts to reconnect. */
export interface BackoffLimits {
  /** Shortest wait and first ceiling; milliseconds. */
  readonly minMs: number;
  /** Longest wait; milliseconds. */
  readonly maxMs: number;
}

/**
 * Milliseconds to wait before attempt `attempt` (1 for the first retry): random between `minMs` and a ceiling that
 * doubles with each attempt up to `maxMs`. The jitter keeps the followers of a hub from reconnecting in step.
 */
export function backoffMs(
  attempt: number,
  { minMs, maxMs }: BackoffLimits,
  random: () => number = Math.random,
): number {
  const ceiling = Math.min(maxMs, minMs * 2 ** attempt);
  return minMs + random() * (ceiling - minMs);
}
