/**
 * Waits for `ms`; false as soon as `signal` is aborted. Uses the global timers, which tests replace with a fake clock.
 */
export async function slept(ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(true), ms);
  const abort = () => resolve(false);
  signal.addEventListener('abort', abort);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
