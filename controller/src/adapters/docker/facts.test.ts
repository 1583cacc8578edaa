import { expect, test } from 'vitest';
import { signalNumber } from './facts.ts';

test.each([
  [undefined, 15],
  ['', 15],
  ['SIGTERM', 15],
  ['QUIT', 3],
  ['sigint', 2],
  ['9', 9],
  ['SIGRTMIN+3', 37],
  ['RTMAX-1', 63],
  ['SIGNONSENSE', 15],
])('the stop signal %j is number %i', (text, number) => {
  expect(signalNumber(text)).toBe(number);
});
