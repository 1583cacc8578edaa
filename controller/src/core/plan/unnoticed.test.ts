import { expect, test } from 'vitest';
import { unnoticedOf } from './unnoticed.ts';

const nodes = [
  { id: 'a', lost: 10 },
  { id: 'b', lost: 20 },
  { id: 'c', lost: 0 },
].map(({ id, lost }) => {
  const flow = { before: 0, after: 0, gained: 0, lost, share: { before: 0, after: 0 } };
  return { id, name: id, slots: flow, connections: flow };
});

test.each([
  ['all move unnoticed: so do these', { a: 1, b: 1, c: 1 }, { connections: 30, exact: true }],
  ['none does', { a: 0, b: 0, c: 0 }, { connections: 0, exact: true }],
  ['those of one node do', { a: 1, b: 0, c: 0 }, { connections: 10, exact: true }],
  ['a node has both kinds: its share is an estimate', { a: 0.26, b: 1, c: 1 }, { connections: 23, exact: false }],
  ['a node has both kinds, but loses none', { a: 1, b: 1, c: 0.5 }, { connections: 30, exact: true }],
] as const)('%s', (_, shares: Readonly<Record<string, number>>, expected) => {
  expect(unnoticedOf(nodes, (node) => shares[node] ?? 0)).toEqual(expected);
});
