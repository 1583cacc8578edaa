import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LockRecord } from '../../core/ports/lock.ts';
import { ObservedRecord } from '../../core/term/observed-record.ts';
import type { Lease } from './lease.ts';
import { recordOf, rivalIn } from './lease-record.ts';

const held = (holderIdentity: string, renewTime = '1', more: Partial<Lease['metadata']> = {}): Lease => ({
  metadata: { name: 'lease', uid: 'u', resourceVersion: '1', ...more },
  spec: { holderIdentity, leaseDurationSeconds: 15, renewTime },
});
let rival: LockRecord | undefined;
let observed: ObservedRecord;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
  rival = undefined;
  observed = new ObservedRecord();
});
afterEach(() => {
  vi.useRealTimers();
});
const see = (lease: Lease | undefined, own = 'own') => {
  rival = rivalIn(lease, own, rival);
  observed.observe(rival);
};
const isFree = () => rival === undefined || rival.renewal === observed.expired;
const isFreeAfter = (ms: number) => {
  vi.advanceTimersByTime(ms);
  return isFree();
};

test('a Lease that is not renewed for as long as its holder said is free', () => {
  see(held('a', '1'));
  expect(isFreeAfter(14_000)).toBe(false);
  see(held('a', '2'));
  expect([isFreeAfter(14_000), isFreeAfter(1_000)]).toEqual([false, true]);
});

test('a Lease that says no duration is free after 15 s', () => {
  see({ ...held('a'), spec: { holderIdentity: 'a' } });
  expect([isFreeAfter(14_999), isFreeAfter(1)]).toEqual([false, true]);
});

test('one that nobody holds, or that nobody ever saw, is free', () => {
  see(undefined);
  expect(isFree()).toBe(true);
  see(held(''));
  expect(isFree()).toBe(true);
});

test('one that is annotated is not renewed', () => {
  see(held('a', '1'));
  vi.advanceTimersByTime(14_000);
  see(held('a', '1', { resourceVersion: '2', annotations: { note: 'here' } }));
  expect(isFreeAfter(1_000)).toBe(true);
});

test('one that vanished is free only when its holder cannot lead any more', () => {
  see(held('a'));
  vi.advanceTimersByTime(10_000);
  for (let n = 0; n < 14; n++) {
    see(undefined);
    expect(isFreeAfter(1_000)).toBe(false);
  }
  expect(isFreeAfter(1_000)).toBe(true);
});

test('one that vanished is free at once for who held it last, and when it had been given up', () => {
  see(held('a'), 'a');
  see(undefined, 'a');
  expect(isFree()).toBe(true);
  see(held('a'), 'b');
  see(undefined, 'b');
  expect(isFree()).toBe(false);
  see(held(''), 'b');
  see(undefined, 'b');
  expect(isFree()).toBe(true);
});

test('a record names the API of the holder, also our own; not of one that vanished', () => {
  const annotations = { 'wscluster.io/api': 'http://a:7080' };
  const lease = held('a', '1', { annotations });
  expect(recordOf(lease)?.holder).toBe('http://a:7080');
  const before = rivalIn(lease, 'b', undefined);
  expect([before?.holder, rivalIn(undefined, 'b', before)?.holder]).toEqual(['http://a:7080', undefined]);
});
