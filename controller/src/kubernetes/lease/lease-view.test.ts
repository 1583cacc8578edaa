import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Lease } from './lease.ts';
import { LeaseView } from './lease-view.ts';

const held = (holderIdentity: string, renewTime = '1'): Lease => ({
  metadata: { name: 'lease', uid: 'u', resourceVersion: '1' },
  spec: { holderIdentity, leaseDurationSeconds: 15, renewTime },
});
let view: LeaseView;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  view = new LeaseView();
});
afterEach(() => {
  vi.useRealTimers();
});
const isFreeAfter = (ms: number, own?: string) => {
  vi.advanceTimersByTime(ms);
  return view.isFree(own);
};

test('a Lease that is not renewed for as long as its holder said is free', () => {
  view.observe(held('a', '1'));
  expect(isFreeAfter(14_000)).toBe(false);
  view.observe(held('a', '2'));
  expect([isFreeAfter(14_000), isFreeAfter(1_000)]).toEqual([false, true]);
});

test('one that nobody holds, or that nobody ever saw, is free', () => {
  view.observe(undefined);
  expect(view.isFree()).toBe(true);
  view.observe(held(''));
  expect(view.isFree()).toBe(true);
});

test('one that vanished is free only when its holder cannot lead any more', () => {
  view.observe(held('a'));
  vi.advanceTimersByTime(10_000);
  for (let n = 0; n < 14; n++) {
    view.observe(undefined);
    expect(isFreeAfter(1_000)).toBe(false);
  }
  expect(isFreeAfter(1_000)).toBe(true);
});

test('one that vanished is free at once for who held it last, and when it had been given up', () => {
  view.observe(held('a'));
  view.observe(undefined);
  expect([view.isFree('a'), view.isFree('b')]).toEqual([true, false]);
  view.observe(held(''));
  view.observe(undefined);
  expect(view.isFree('b')).toBe(true);
});
