import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Pacer } from './pacer.ts';

let now = 0;
beforeEach(() => {
  now = 0;
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

/** Time goes on, and timers fire, 20 ms at a time. */
function pass(ms: number): void {
  for (let passed = 0; passed < ms; passed += 20) {
    now += 20;
    vi.advanceTimersByTime(20);
  }
}

it('does not make up for a stall of the process: nobody is told faster than the rate allows', () => {
  const done: number[] = [];
  const pacer = new Pacer<number>(
    (item) => done.push(item),
    () => now,
  );
  pacer.set([...Array(1000).keys()], 10_000);
  pass(1000);
  expect(Math.abs(done.length - 100)).toBeLessThanOrEqual(1);
  // Stopped for 5 s: the clock goes on, no timer fires.
  now += 5000;
  pass(1000);
  expect(done.length).toBeLessThanOrEqual(100 + 100 + 12);
  pass(9000);
  expect(done).toEqual([...Array(1000).keys()]);
});
