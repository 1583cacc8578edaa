import { setImmediate as turn } from 'node:timers/promises';
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
  const pacer = new Pacer<number>((item) => done.push(item), { now: () => now });
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

it('works for a moment in each turn of the event loop when all is due at once', async () => {
  vi.useRealTimers();
  const done: number[] = [];
  // Four of them take the moment.
  const pacer = new Pacer<number>(
    (item) => {
      done.push(item);
      now += 0.04;
    },
    { now: () => now },
  );
  pacer.set([...Array(100).keys()], 0);
  expect(done.length).toBe(4);
  await turn();
  expect(done.length).toBe(8);
  while (done.length < 100) await turn();
  expect(done).toEqual([...Array(100).keys()]);
});

it('goes on in the next turn with what a tick has left', () => {
  const done: number[] = [];
  const pacer = new Pacer<number>(
    (item) => {
      done.push(item);
      now += 0.5;
    },
    { now: () => now },
  );
  pacer.set([...Array(100).keys()], 100);
  now += 20;
  vi.advanceTimersByTime(5);
  expect(done.length).toBe(2);
  for (let turns = 0; turns < 9; turns++) vi.advanceTimersToNextTimer();
  expect(done.length).toBe(20);
  pacer.stop();
});

it.each([
  { isLimit: true, most: 1_000 + 100 + 2 },
  { isLimit: false, most: 4_000 },
])('that was too slow for its pace makes up for it unless the pace is a limit: $isLimit', ({ isLimit, most }) => {
  const done: number[] = [];
  let takes = 50;
  const pacer = new Pacer<number>(
    (item) => {
      done.push(item);
      now += takes;
    },
    { isLimit, now: () => now },
  );
  pacer.set([...Array(10_000).keys()], 10_000);
  while (now < 3_000) {
    now += 5;
    vi.advanceTimersByTime(5);
  }
  takes = 0;
  const slow = done.length;
  pass(1_000);
  expect(done.length - slow).toBeGreaterThan(isLimit ? 950 : 2_000);
  expect(done.length - slow).toBeLessThanOrEqual(most);
  pacer.stop();
});

it('with a limit keeps a slow pace too, whatever its ticks are', () => {
  const done: number[] = [];
  const pacer = new Pacer<number>((item) => done.push(item), { isLimit: true, now: () => now });
  pacer.set([...Array(70).keys()], 10_000);
  for (let passed = 0; passed < 10_000; passed += 23) {
    now += 23;
    vi.advanceTimersByTime(5);
  }
  expect(done.length).toBe(70);
});
