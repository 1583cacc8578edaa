import fc from 'fast-check';
import { expect, test } from 'vitest';
import { failureLine, withLinesCut } from './failure.ts';

function errorOf(run: () => void): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing has failed');
}

test('what a failed property says in one line has its seed and the assertion, and no counterexample', () => {
  const huge = fc.constant('x'.repeat(100_000));
  const isShort = (text: string) => expect(text.length, 'its length').toBeLessThan(10);
  const error = errorOf(() => fc.assert(fc.property(huge, isShort), { seed: 7 }));
  expect(failureLine(error)).toBe(
    'Property failed after 1 tests | { seed: 7, path: "0", endOnFailure: true } | its length: expected 100000 to be less than 10',
  );
});

test('a failure is told by the first line of its message, and that of its cause', () => {
  expect(failureLine(new Error('no port\nat all'))).toBe('no port');
  expect(failureLine(new Error('no port', { cause: new Error('in use\nby another') }))).toBe('no port | in use');
  expect(failureLine(new Error('no port', { cause: 'unknown' }))).toBe('no port');
  expect(failureLine(undefined)).toBe('no message');
});

test('lines that nobody could read are cut, and the others stay', () => {
  expect(failureLine(new Error('x'.repeat(400)))).toBe(`${'x'.repeat(300)}… (100 more characters)`);
  expect(withLinesCut(`first\n${'x'.repeat(1_000_000)}\nlast\n`)).toBe(
    `first\n${'x'.repeat(2_000)}… (998000 more characters)\nlast\n`,
  );
});
