/**
 * The result of the work, which must come within `ms`. This is a timer beside those of the work, so a machine that
 * stands still is not to blame: what is due before it comes before it.
 */
export async function inTime<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`not within ${ms} ms`)), ms);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
