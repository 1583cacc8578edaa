import { expect, test } from 'vitest';
import { ApiRefusal } from './api-error.ts';
import { losesItsPlace, WatchPace } from './watch-pace.ts';

const paceOf = () => new WatchPace(() => 1);
const busy = new ApiRefusal(429, 'TooManyRequests', 'too many requests');

test('a watch that was open and ended in order is opened again at once', () => {
  const pace = paceOf();
  expect([60_000, 1000].map((openMs) => pace.ended({ openMs, failed: false }))).toEqual([0, 0]);
  expect(pace.doubtful).toBe(false);
});

test('tries that fail are ever more seldom, however long the server takes to refuse', () => {
  const pace = paceOf();
  const waits = Array.from({ length: 10 }, () => pace.ended({ openMs: 0, failed: true, refusal: busy }));
  expect(waits.slice(0, 4)).toEqual([100, 200, 400, 800]);
  expect(waits.at(-1)).toBe(10_000);
  expect(pace.ended({ openMs: 5_000, failed: true })).toBe(100);
  expect(pace.ended({ openMs: 60_000, failed: false })).toBe(0);
});

test('so are watches that something ends at once, in order', () => {
  const pace = paceOf();
  expect([1, 2, 3].map(() => pace.ended({ openMs: 5, failed: false }))).toEqual([100, 200, 400]);
});

test('a server that asks for patience gets it, within bounds', () => {
  const wait = (seconds: number) =>
    paceOf().ended({ openMs: 0, failed: true, refusal: new ApiRefusal(429, '', '', seconds * 1000) });
  expect([wait(0), wait(7), wait(86_400)]).toEqual([100, 7000, 60_000]);
});

test('after some failures the server may be another one, until it was listed', () => {
  const pace = paceOf();
  const doubts = [1, 2, 3].map(() => {
    pace.ended({ openMs: 0, failed: true });
    return pace.doubtful;
  });
  expect(doubts).toEqual([false, false, true]);
  pace.listed();
  expect(pace.doubtful).toBe(false);
});

test('only where the past is forgotten a refused watch does not go on from where it was', () => {
  const lost = (status: number) => losesItsPlace(new ApiRefusal(status, '', ''));
  expect([410, 404, 400].map(lost)).toEqual([true, true, true]);
  expect([401, 403, 429, 500, 503, 504].map(lost)).toEqual([false, false, false, false, false, false]);
  expect(losesItsPlace(undefined)).toBe(false);
});
