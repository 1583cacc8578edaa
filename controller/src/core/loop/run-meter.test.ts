import { expect, test } from 'vitest';
import { metered } from './run-meter.ts';

function recorder() {
  const runs: { seconds: number; result: string }[] = [];
  return { runs, meter: { ran: (seconds: number, result: string) => runs.push({ seconds, result }) } };
}

test('a run is told with its seconds, and what it resolves with comes back', async () => {
  const { runs, meter } = recorder();
  const before = performance.now();
  expect(await metered(meter, async () => await new Promise((resolve) => setTimeout(resolve, 20, 'done')))).toBe(
    'done',
  );
  const most = (performance.now() - before) / 1000;
  expect(runs).toEqual([{ seconds: expect.any(Number), result: 'success' }]);
  expect(runs[0]?.seconds).toBeGreaterThan(0.015);
  expect(runs[0]?.seconds).toBeLessThanOrEqual(most);
});

test('a run that fails is told as an error, and still rejects', async () => {
  const { runs, meter } = recorder();
  await expect(metered(meter, () => Promise.reject(new Error('no list')))).rejects.toThrow('no list');
  expect(runs.map(({ result }) => result)).toEqual(['error']);
});
