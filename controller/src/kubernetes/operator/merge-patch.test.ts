import { expect, test } from 'vitest';
import { mergePatchBetween } from './merge-patch.ts';

test.each([
  ['nothing', { a: 1, b: [1] }, { a: 1, b: [1] }, undefined],
  ['a changed field alone', { a: { x: 1, y: 2 }, b: 1 }, { a: { x: 1, y: 3 }, b: 1 }, { a: { y: 3 } }],
  ['a whole list', { a: [1, 2] }, { a: [2] }, { a: [2] }],
  ['null for what is gone', { a: 1, b: { x: 1 } }, { b: {} }, { a: null, b: { x: null } }],
  ['what is new', {}, { a: { x: 1 } }, { a: { x: 1 } }],
  ['nothing for what is undefined in both', { a: undefined }, {}, undefined],
])('%s', (_what, before, after, patch) => {
  expect(mergePatchBetween(before, after)).toEqual(patch);
});
