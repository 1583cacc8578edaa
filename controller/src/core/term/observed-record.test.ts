import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ObservedRecord } from './observed-record.ts';

const record = (renewal: string, expiresInMs = 1_000) => ({ holder: undefined, renewal, expiresInMs });
let observed: ObservedRecord;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  observed = new ObservedRecord();
});
afterEach(() => {
  vi.useRealTimers();
});
const expiredAfter = (ms: number) => {
  vi.advanceTimersByTime(ms);
  return observed.expired;
};

test('a record expires when it has not changed for its time, however often it is looked at', () => {
  observed.observe(record('1'));
  expect(expiredAfter(600)).toBeUndefined();
  observed.observe(record('1'));
  expect([expiredAfter(399), expiredAfter(1)]).toEqual([undefined, '1']);
});

test('a renewal begins the time anew', () => {
  observed.observe(record('1'));
  vi.advanceTimersByTime(1_000);
  observed.observe(record('2', 500));
  expect([observed.expired, expiredAfter(499), expiredAfter(1)]).toEqual([undefined, undefined, '2']);
});

test('what nobody holds does not expire, and ends the time of what was seen before', () => {
  expect(observed.expired).toBeUndefined();
  observed.observe(record('1'));
  observed.observe(undefined);
  expect(expiredAfter(1_000)).toBeUndefined();
});
