import { expect, test } from 'vitest';
import { counted } from './counted.ts';

test('one is one, and anything else is many', () => {
  expect([0, 1, 2].map((count) => counted(count, 'client'))).toEqual(['0 clients', '1 client', '2 clients']);
  expect([1, 2].map((count) => counted(count, 'node is', 'nodes are'))).toEqual(['1 node is', '2 nodes are']);
});
