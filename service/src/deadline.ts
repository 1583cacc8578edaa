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
    // Listens before the work does: the reason comes before what the work makes of its signal.
    const ended = new Promise<never>((_, reject) => {
      over.signal.addEventListener('abort', () => reject(over.signal.reason));
    });
    return await Promise.race([work(over.signal), ended]);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', end);
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
