import { createRing, type Member, SLOTS } from '@wscluster/ring';
import { expect, test } from 'vitest';
import { type Membership, NO_MEMBERSHIP } from '../membership/membership.ts';
import { reasonsOf } from './reasons.ts';

const member = (nodeId: string, ringId: number, weight = 1): Member => {
  return { nodeId, name: `pod-${nodeId}`, ringId, weight, address: '127.0.0.1:1', state: 'ready' };
};
const [a, b, c] = [member('a', 0), member('b', 1), member('c', 2)];
const present = [a, b, c];

/** A ring whose first slots have these owners, and all others the first member. */
function ringOf(members: readonly Member[], owners: readonly Member[]) {
  const table = new Uint16Array(SLOTS);
  for (const [slot, owner] of owners.entries())
    table[slot] = members.findIndex(({ ringId }) => ringId === owner.ringId);
  return createRing({ epoch: 1, version: 1 }, members, table);
}

/** Reasons in words and connections, where each of the first slots has one connection more than the one before. */
function why(
  members: readonly Member[],
  from: readonly Member[],
  to: readonly Member[],
  given: Partial<Membership> = {},
) {
  const ring = ringOf(present, from);
  const connections = Uint32Array.from({ length: SLOTS }, (_, slot) => (slot < from.length ? slot + 1 : 0));
  const membership = { ...NO_MEMBERSHIP, members: present, ...given };
  const reasons = reasonsOf({ ring, anyway: ring, after: ringOf(members, to), membership, connections });
  return reasons.map((reason) => `${reason.text}: ${reason.connections}`);
}

test('a node joins, and the others are balanced', () => {
  const fresh = member('d', 3);
  expect(why([...present, fresh], [a, b, b], [fresh, c, fresh])).toEqual([
    'pod-d joins: 4',
    'balance of connections: 2',
  ]);
});

test('a node leaves', () => {
  expect(why([a, c], [b, b, a], [a, c, a])).toEqual(['pod-b leaves: 3']);
});

test('a node takes the place of one that is lost', () => {
  const fresh = member('d', 3);
  const vacancies = [{ ringId: 3, nodeId: 'x', weight: 1, managed: true, since: 0 }];
  expect(why([...present, fresh], [a, b], [fresh, fresh], { vacancies })).toEqual([
    'pod-d takes the place of another node: 3',
  ]);
});

test('a weight changes', () => {
  const heavy = member('b', 1, 2);
  expect(why([a, heavy, c], [a, c, heavy], [heavy, heavy, a])).toEqual(['pod-b has another weight: 6']);
});

test('what moves without the change is under way', () => {
  const ring = ringOf(present, [a, b]);
  const anyway = ringOf(present, [c, b]);
  const after = ringOf(present, [c, a]);
  const reasons = reasonsOf({
    ...{ ring, anyway, after, membership: { ...NO_MEMBERSHIP, members: present } },
    connections: new Uint32Array(SLOTS).fill(1),
  });
  expect(reasons.map(({ text }) => text).sort()).toEqual(['balance of connections', 'under way already']);
});
