import { expect, test } from 'vitest';
import { jsonDepth } from './json-depth.ts';

test.each([
  ['1', 0],
  ['{}', 1],
  ['{"a":[{}],"b":[]}', 3],
  ['{"a":"[[[[\\"[["}', 1],
  ['['.repeat(5_000), 5_000],
])('%j is that deep', (text, depth) => {
  expect(jsonDepth(text)).toBe(depth);
});
