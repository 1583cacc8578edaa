import { setTimeout as delay } from 'node:timers/promises';

/** Waits until `state` is true, asking every `everyMs`; fails after `deadlineMs`, saying what it waited for. */
export async function until(
  what: string,
  state: () => boolean | Promise<boolean>,
  deadlineMs = 10_000,
  everyMs = 20,
): Promise<void> {
  const deadline = performance.now() + deadlineMs;
  while (!(await state())) {
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await delay(everyMs);
  }
}
