import { expect, test } from 'vitest';
import { backoffMs } from './backoff.ts';

const limits = { minMs: 50, maxMs: 1000 };

test('the ceiling doubles from twice the shortest wait up to the longest', () => {
  const ceilings = [1, 2, 3, 4, 5, 6, 1000].map((attempt) => backoffMs(attempt, limits, () => 1));
  expect(ceilings).toEqual([100, 200, 400, 800, 1000, 1000, 1000]);
});

test('a wait is never shorter than the shortest, however the dice fall', () => {
  expect(backoffMs(1, limits, () => 0)).toBe(50);
  expect(backoffMs(50, limits, () => 0)).toBe(50);
});
