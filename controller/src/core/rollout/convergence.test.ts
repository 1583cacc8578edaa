import { expect, test } from 'vitest';
import { ConvergenceWatch } from './convergence.ts';

test('from the first step to the last move, with what was moved in all steps', () => {
  const watch = new ConvergenceWatch();
  expect(watch.look({ complete: true, movedAt: 0 }, 7, 500)).toBeUndefined();
  watch.begin(1000, 7);
  watch.begin(1600, 30);
  expect(watch.look({ complete: false, movedAt: 1700 }, 30, 4000)).toBeUndefined();
  // Gateways have not reported yet.
  expect(watch.look({ complete: true, movedAt: 1840 }, 40, 2000)).toBeUndefined();
  expect(watch.look({ complete: true, movedAt: 1840 }, 52, 3100)).toMatchObject({ ms: 840, moved: 45 });
  expect(watch.last).toMatchObject({ ms: 840, moved: 45 });
  expect(watch.look({ complete: true, movedAt: 1840 }, 52, 4100)).toBeUndefined();
});

test('a change that moves nobody ends where it began', () => {
  const watch = new ConvergenceWatch();
  watch.begin(5000, 0);
  expect(watch.look({ complete: true, movedAt: 1840 }, 0, 6300)).toMatchObject({ ms: 0, moved: 0 });
});
