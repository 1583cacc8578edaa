/** Notified of each run of a loop when it has ended. */
export interface RunMeter {
  ran(seconds: number, result: 'success' | 'error'): void;
}

/** Does the work, and reports to the meter how long it took and how it ended. Rejects as the work does. */
export async function metered<T>(meter: RunMeter, work: () => Promise<T>): Promise<T> {
  const begun = performance.now();
  const tell = (result: 'success' | 'error') => meter.ran((performance.now() - begun) / 1000, result);
  try {
    const done = await work();
    tell('success');
    return done;
  } catch (error) {
    tell('error');
    throw error;
  }
}
