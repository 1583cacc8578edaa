/**
 * Unix ms that no change of the wall clock touches: the wall clock as it was when this process started, moved on by the
 * monotonic clock. All that is decided by spans of time goes by it.
 */
export function steadyNow(): number {
  return Math.round(performance.timeOrigin + performance.now());
}

/** A time by the wall clock, as others keep it, as a steady time; convert it once. It is never in the future. */
export function steadyOf(wallTime: number): number {
  return steadyNow() - Math.max(0, Date.now() - wallTime);
}

/** A steady time by the wall clock, to be kept for another process. */
export function wallTimeOf(steady: number): number {
  return Date.now() - (steadyNow() - steady);
}

/**
 * Times that others keep by the wall clock: each is converted once, when it is first seen, so that later jumps do not
 * touch it.
 */
export class SteadyTimes {
  readonly #known = new Map<string, { readonly wallTime: number; readonly steady: number }>();

  /** The time that `id` has, as a steady time. */
  of(id: string, wallTime: number): number {
    const known = this.#known.get(id);
    if (known?.wallTime === wallTime) return known.steady;
    const steady = steadyOf(wallTime);
    this.#known.set(id, { wallTime, steady });
    return steady;
  }

  /** Forgets all others. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#known.keys()) if (!ids.has(id)) this.#known.delete(id);
  }
}
