import { expect, test } from 'vitest';
import { CreationBackoff } from './creation-backoff.ts';

/** Starts a node at `at` that lives for `lifetime`; what the next one has to wait then. */
function waitAfter(backoff: CreationBackoff, id: string, at: number, lifetime: number): number {
  backoff.created(id, at);
  backoff.observe(new Set([id]), at + lifetime / 2);
  backoff.observe(new Set(), at + lifetime);
  return backoff.waitMs(at + lifetime);
}

test('the first replacement is immediate, then nodes that keep dying young are started ever more slowly', () => {
  const backoff = new CreationBackoff();
  expect([0, 1, 2, 3].map((n) => waitAfter(backoff, `n${n}`, n * 1000, 100))).toEqual([0, 250, 500, 1000]);
  expect(Math.max(...Array.from({ length: 20 }, (_, n) => waitAfter(backoff, `m${n}`, n * 1000, 100)))).toBe(30_000);
});

test('a node that lives ends it', () => {
  const backoff = new CreationBackoff();
  for (const n of [0, 1, 2]) waitAfter(backoff, `n${n}`, n, 1);
  backoff.created('lives', 100);
  backoff.observe(new Set(['lives']), 10_100);
  expect(waitAfter(backoff, 'later', 20_000, 100)).toBe(0);
});

test('a node that never became ready was a failed start, however long it ran', () => {
  const backoff = new CreationBackoff();
  const waits = [0, 1, 2].map((n) => {
    const at = n * 100_000;
    backoff.created(`n${n}`, at);
    backoff.observe(new Set([`n${n}`]), at + 60_000, new Set([`n${n}`]));
    backoff.observe(new Set(), at + 61_000);
    return backoff.waitMs(at + 61_000);
  });
  expect(waits).toEqual([0, 250, 500]);
});

test('a node that cannot be created is tried ever more seldom, until one is', () => {
  const backoff = new CreationBackoff();
  const refusals = Array.from({ length: 6 }, (_, n) => {
    backoff.refused(n * 20_000);
    return backoff.waitMs(n * 20_000);
  });
  expect(refusals).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
  backoff.created('a', 200_000);
  expect(backoff.waitMs(200_000)).toBe(0);
  backoff.refused(200_000);
  expect(backoff.waitMs(200_000)).toBe(1000);
});
