import { expect, test } from 'vitest';
import { age, untilOlder } from './age.ts';

const SINCE = '2026-01-01T00:00:00.000Z';
const after = (seconds: number) => Date.parse(SINCE) + 1000 * seconds;

test('the age in the largest unit that fits', () => {
  const ages = [0, 59.9, 60, 3599, 3600, 86_399, 90_000].map((seconds) => age(SINCE, after(seconds)));
  expect(ages).toEqual(['0s', '59s', '1m', '59m', '1h', '23h', '1d']);
  expect(age(SINCE, after(-5))).toBe('0s');
  expect(age(null, 0)).toBe('–');
});

test('it is looked at again when it changes', () => {
  for (const seconds of [0, 0.25, 59.5, 60, 100, 4000, 90_000]) {
    const now = after(seconds);
    const next = now + untilOlder(SINCE, now);
    expect(age(SINCE, next)).not.toBe(age(SINCE, now));
    expect(age(SINCE, next - 1)).toBe(age(SINCE, now));
  }
});
