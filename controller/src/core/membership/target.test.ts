import { Assigner, type Member, NO_OWNER, reindexed, SLOTS } from '@wscluster/ring';
import { describe, expect, test } from 'vitest';
import { type Membership, NO_MEMBERSHIP } from './membership.ts';
import { desiredTable } from './target.ts';

const assigner = new Assigner();
const desire = (membership: Membership, current: Uint16Array) =>
  desiredTable(membership, current, 1.02, (given, cap) => assigner.assign(given, cap));

function member(ringId: number, nodeId = `n${ringId}`, state: Member['state'] = 'ready'): Member {
  return { ringId, nodeId, address: '127.0.0.1:1', weight: 1, state };
}
function membership(members: Member[], vacantRingIds: number[] = []): Membership {
  const vacancies = vacantRingIds.map((ringId) => ({ ringId, nodeId: '', weight: 1, managed: true, since: 0 }));
  return { ...NO_MEMBERSHIP, members, vacancies };
}
const nobody = new Uint16Array(SLOTS).fill(NO_OWNER);
/** Node id of each slot's owner. */
const names = (table: Uint16Array, { members }: Membership) => [...table].map((index) => members[index]?.nodeId);

describe('the desired owners', () => {
  const three = membership([member(0), member(1), member(2)]);
  const settled = desire(three, nobody);

  test('a lost node lends out its slots and no other slot changes, nor when its replacement comes', () => {
    const before = names(settled, three);
    const two = membership([member(0), member(2)], [1]);
    const lent = names(desire(two, reindexed(settled, three.members, two.members)), two);
    expect(lent.every((name, slot) => (before[slot] === 'n1' ? name !== undefined : name === before[slot]))).toBe(true);

    const replaced = membership([member(0), member(1, 'x'), member(2)]);
    const after = names(desire(replaced, nobody), replaced);
    expect(after).toEqual(before.map((name) => (name === 'n1' ? 'x' : name)));
  });

  test('a draining node keeps its slots while its place is kept, and then hands all of them to its replacement', () => {
    const leaving = membership([member(0), member(1, 'n1', 'draining'), member(2)], [1]);
    expect(names(desire(leaving, settled), leaving)).toEqual(names(settled, three));

    const arrived = membership([member(0), member(1, 'n1', 'draining'), member(1, 'x'), member(2)]);
    const current = reindexed(settled, leaving.members, arrived.members);
    const after = names(desire(arrived, current), arrived);
    expect(after).toEqual(names(settled, three).map((name) => (name === 'n1' ? 'x' : name)));
  });

  test('a draining node whose place is given up owns nothing in the end', () => {
    const leaving = membership([member(0), member(1, 'n1', 'draining'), member(2)]);
    expect(names(desire(leaving, settled), leaving)).not.toContain('n1');
  });

  test('the last node keeps its slots while it drains', () => {
    const alone = membership([member(0, 'n0', 'draining')]);
    const current = new Uint16Array(SLOTS);
    expect(desire(alone, current)).toEqual(current);
  });
});
