import { afterEach, expect, test, vi } from 'vitest';
import { metered } from './run-meter.ts';

afterEach(() => vi.useRealTimers());

function recorder() {
  const runs: { seconds: number; result: string }[] = [];
  return { runs, meter: { ran: (seconds: number, result: string) => runs.push({ seconds, result }) } };
}

test('a run is told with its seconds, and what it resolves with comes back', async () => {
  const { runs, meter } = recorder();
  vi.useFakeTimers();
  const run = metered(meter, () => new Promise((resolve) => setTimeout(resolve, 1_500, 'done')));
  await vi.advanceTimersByTimeAsync(1_500);
  expect(await run).toBe('done');
  expect(runs).toEqual([{ seconds: 1.5, result: 'success' }]);
});

test('a run that fails is told as an error, and still rejects', async () => {
  const { runs, meter } = recorder();
  await expect(metered(meter, () => Promise.reject(new Error('no list')))).rejects.toThrow('no list');
  expect(runs.map(({ result }) => result)).toEqual(['error']);
});
