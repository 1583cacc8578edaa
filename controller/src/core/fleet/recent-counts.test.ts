import { NO_OWNER, SLOTS } from '@wscluster/ring';
import { expect, test } from 'vitest';
import { RecentCounts } from './recent-counts.ts';

const counts = (first: number, second = 0) => {
  const bySlot = new Uint32Array(SLOTS);
  bySlot[0] = first;
  bySlot[1] = second;
  return bySlot;
};
const firstTwo = (bySlot: Uint32Array) => [...bySlot.slice(0, 2)];
const allOwned = new Uint16Array(SLOTS);
const firstLost = allOwned.slice().fill(NO_OWNER, 0, 1);

test('a slot that has lost its owner counts as what it had of late, every other one as what it has', () => {
  const recent = new RecentCounts();
  recent.note(() => counts(3, 3), 0);
  recent.note(() => counts(2, 2), 5000);
  expect(firstTwo(recent.withLost(counts(0, 0), firstLost, 9000))).toEqual([3, 0]);
});

test('its clients still count when the next change comes before they are back, but not for ever', () => {
  const recent = new RecentCounts();
  recent.note(() => counts(1), 0);
  recent.withLost(counts(3), firstLost, 1000);
  expect(firstTwo(recent.withLost(counts(1), allOwned, 4000))).toEqual([3, 0]);
  for (let at = 5000; at <= 21_000; at += 1000) recent.note(() => counts(1), at);
  expect(firstTwo(recent.withLost(counts(1), allOwned, 21_000))).toEqual([1, 0]);
});

test('what slots had counts for as long as nobody owns them, and a while longer', () => {
  const recent = new RecentCounts();
  recent.withLost(counts(3), firstLost, 0);
  for (const at of [6_000, 12_000, 18_000]) {
    recent.note(() => counts(0), at);
    recent.withLost(counts(0), firstLost, at);
  }
  recent.note(() => counts(0), 25_000);
  expect(firstTwo(recent.withLost(counts(0), allOwned, 25_000))).toEqual([3, 0]);
});

test('a slot that has more connections now than before counts as what it has', () => {
  const recent = new RecentCounts();
  recent.note(() => counts(3), 0);
  expect(firstTwo(recent.withLost(counts(5), firstLost, 1000))).toEqual([5, 0]);
});
