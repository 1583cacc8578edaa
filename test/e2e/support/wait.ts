import { setTimeout as delay } from 'node:timers/promises';

/**
 * Waits until `state` is true, asking every `everyMs`; fails after `deadlineMs`, saying what it waited for. The deadline
 * is no measure of speed: a machine that is busy may need several times as long as an idle one.
 */
export async function until(
  what: string,
  state: () => boolean | Promise<boolean>,
  deadlineMs = 30_000,
  everyMs = 20,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await state())) {
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await delay(everyMs);
  }
}
