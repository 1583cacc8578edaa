import type { Member } from '@wscluster/ring';
import { expect, test } from 'vitest';
import { FullNodes } from './full-nodes.ts';

const member = (nodeId: string, state: Member['state'] = 'ready'): Member => ({
  ...{ ringId: 0, nodeId, name: `pod-${nodeId}`, address: '127.0.0.1:1', weight: 1, state },
});
const membership = { members: [member('a'), member('b')], limits: new Map([['a', 100]]) };
const counts = (a: number, b = 0) =>
  new Map([
    ['a', a],
    ['b', b],
  ]);

test('a node is full with as many connections as its limit, and is named; one without a limit never is', () => {
  const nodes = new FullNodes();
  expect(nodes.look(membership, counts(99, 5000))).toEqual({ limited: 1, full: [] });
  expect(nodes.look(membership, counts(100, 5000))).toEqual({ limited: 1, full: ['pod-a'] });
});

test('a full node stays full until it has less than 95 % of its limit', () => {
  const nodes = new FullNodes();
  expect([100, 99, 95, 94, 99, 100].map((count) => nodes.look(membership, counts(count)).full.length)).toEqual([
    1, 1, 1, 0, 0, 1,
  ]);
});

test('a node that drains is not waited for to have room', () => {
  const draining = { members: [member('a', 'draining')], limits: membership.limits };
  expect(new FullNodes().look(draining, counts(100)).full).toEqual([]);
});
