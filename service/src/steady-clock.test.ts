import { afterEach, expect, test, vi } from 'vitest';
import { SteadyTimes, steadyNow, steadyOf, wallTimeOf } from './steady-clock.ts';

const HOUR_MS = 3_600_000;
afterEach(() => {
  vi.restoreAllMocks();
});
const jump = (ms: number) => {
  const { now } = Date;
  vi.spyOn(Date, 'now').mockImplementation(() => now() + ms);
};

test.each([HOUR_MS, -HOUR_MS])('a jump of the wall clock by %d ms changes no span', (ms) => {
  const before = steadyNow();
  jump(ms);
  expect(steadyNow() - before).toBeLessThan(10_000);
  expect(steadyNow()).toBeGreaterThanOrEqual(before);
});

test('what is kept by the wall clock is as long ago after a jump as it was before', () => {
  jump(HOUR_MS);
  const kept = wallTimeOf(steadyNow() - 5000);
  expect(Math.abs(Date.now() - kept - 5000)).toBeLessThan(1000);
  expect(Math.abs(steadyNow() - steadyOf(kept) - 5000)).toBeLessThan(1000);
});

test('what was kept before the wall clock was put back is not in the future', () => {
  const kept = Date.now();
  jump(-HOUR_MS);
  expect(steadyOf(kept)).toBeLessThanOrEqual(steadyNow());
});

test('a time of others is converted once, and again when it is another one', () => {
  const times = new SteadyTimes();
  const wallTime = Date.now() - 5000;
  const steady = times.of('a', wallTime);
  jump(HOUR_MS);
  expect(times.of('a', wallTime)).toBe(steady);
  expect(times.of('a', Date.now())).toBeGreaterThanOrEqual(steady + 4000);
  times.keepOnly(new Set());
  expect(times.of('a', wallTime)).toBeLessThan(steady - HOUR_MS + 10_000);
});
