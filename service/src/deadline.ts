export interface Deadline {
  readonly ms: number;
  /** The error to reject with when the deadline passes. */
  late(): Error;
  /** Ends the work early, and rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The result of `work`, which receives a signal that tells it to stop. Rejects at once when the deadline passes or
 * `signal` is aborted, whether or not the work stops; its later result is ignored.
 */
export async function withDeadline<T>(
  { ms, late, signal }: Deadline,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const over = new AbortController();
  const end = () => over.abort(signal?.reason);
  const timer = setTimeout(() => over.abort(late()), ms);
  signal?.addEventListener('abort', end);
  try {
    return await orAborted(over.signal, () => work(over.signal));
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
  }
}

/** The result of `work`. Rejects with the reason as soon as `signal` is aborted; the work's later result is ignored. */
export async function orAborted<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let abort = () => {};
  // Listens before the work does: the reason comes before what the work makes of the signal.
  const aborted = new Promise<never>((_, reject) => {
    abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort);
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * The result of `work`, or undefined if there is none after `ms`. The work then goes on, and its failure is ignored.
 */
export async function within<T>(ms: number, work: Promise<T>): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
