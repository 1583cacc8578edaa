import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until `state` is true, asking every `everyMs`; fails after `deadlineMs`, saying what it waited for. A state
 * that throws is not reached yet: an API may have no leader for a moment. The deadline is no measure of speed: a
 * machine that is busy may need several times as long as an idle one.
 */
export async function until(
  what: string,
  state: () => boolean | Promise<boolean>,
  deadlineMs = 30_000,
  everyMs = 20,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    let cause: unknown;
    try {
      if (await state()) return;
    } catch (error) {
      cause = error;
    }
    const why = cause === undefined ? '' : ` (${cause instanceof Error ? cause.message : cause})`;
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}${why}`, { cause });
    await delay(everyMs);
  }
}
