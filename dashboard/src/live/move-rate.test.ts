import { expect, test } from 'vitest';
import { MoveRate } from './move-rate.ts';

test('moves of the last 3 s; what a gateway had moved before it was seen does not count', () => {
  const rate = new MoveRate();
  rate.take([{ id: 'a', moved: 500 }], 0);
  expect(rate.perSecond(0)).toBe(0);
  rate.take([{ id: 'a', moved: 530 }], 1000);
  rate.take([{ id: 'b', moved: 70 }], 1500);
  rate.take([{ id: 'b', moved: 76 }], 2000);
  expect(rate.perSecond(2000)).toBe(12);
  expect(rate.perSecond(4500)).toBe(2);
  expect(rate.perSecond(6000)).toBe(0);
});

test('moves of a time in which no states came count by its length', () => {
  const rate = new MoveRate();
  rate.take([{ id: 'a', moved: 0 }], 0);
  rate.lose(1000);
  rate.lose(2000);
  rate.take([{ id: 'a', moved: 600 }], 61_000);
  expect(rate.perSecond(61_000)).toBe(10);
  rate.take([{ id: 'a', moved: 630 }], 65_000);
  expect(rate.perSecond(65_000)).toBe(10);
});
