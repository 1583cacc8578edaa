import { createRing, type Member, NO_OWNER, nextTable, type Ring, reindexed, SLOTS } from '@wscluster/ring';
import { describe, expect, test } from 'vitest';
import { HeldTarget } from './held-target.ts';
import type { Measured } from './measured.ts';
import { type Membership, NO_MEMBERSHIP } from './membership.ts';
import { desiredOwners, seatsOf, targetOf } from './target.ts';

const revision = { epoch: 1, version: 1 };
const nothing = new Uint32Array(SLOTS);
const connected = (connections: Uint32Array, tolerance = 0.05): Measured => ({
  ...{ connections, load: connections, unit: 1, tolerance },
});
const loads = { ...connected(nothing), onlyEmpty: false };

function member(ringId: number, nodeId = `n${ringId}`, state: Member['state'] = 'ready'): Member {
  return { ringId, nodeId, address: '127.0.0.1:1', weight: 1, state };
}
function membership(members: Member[], vacantRingIds: number[] = []): Membership {
  const vacancies = vacantRingIds.map((ringId) => ({ ringId, nodeId: '', weight: 1, managed: true, since: 0 }));
  return { ...NO_MEMBERSHIP, members, vacancies };
}

/** The ring at the end of the change from `ring` to these members. */
function settled(after: Membership, ring: Ring): Ring {
  const seats = seatsOf(after);
  const current = reindexed(ring.table, ring.members, after.members);
  return createRing(revision, after.members, desiredOwners(targetOf(seats, ring, loads), seats, current));
}
/** Node id of each slot's owner. */
const names = ({ table, members }: Ring) => [...table].map((index) => members[index]?.nodeId);

describe('the desired owners', () => {
  const nobody = createRing(revision, [], new Uint16Array(SLOTS).fill(NO_OWNER));
  const three = settled(membership([member(0), member(1), member(2)]), nobody);

  test('a lost node’s slots go to the others, and no other slot changes', () => {
    const two = settled(membership([member(0), member(2)], [1]), three);
    const [before, after] = [names(three), names(two)];
    expect(after.every((name, slot) => (before[slot] === 'n1' ? name !== undefined : name === before[slot]))).toBe(
      true,
    );
  });

  test('a node that comes back gets nearly all of its former slots, as long as that costs nothing', () => {
    const two = settled(membership([member(0), member(2)], [1]), three);
    const back = names(settled(membership([member(0), member(1, 'x'), member(2)]), two));
    const former = names(three).map((name) => (name === 'n1' ? 'x' : name));
    expect(back.filter((name, slot) => name === 'x' && former[slot] === 'x').length).toBeGreaterThan(21_500);
  });

  test('a draining node keeps its slots while its place is kept, and then hands all of them to its replacement', () => {
    const leaving = settled(membership([member(0), member(1, 'n1', 'draining'), member(2)], [1]), three);
    expect(names(leaving)).toEqual(names(three));
    const arrived = membership([member(0), member(1, 'n1', 'draining'), member(1, 'x'), member(2)]);
    expect(names(settled(arrived, leaving))).toEqual(names(three).map((name) => (name === 'n1' ? 'x' : name)));
  });

  test('a draining node whose place is given up owns nothing in the end', () => {
    expect(names(settled(membership([member(0), member(1, 'n1', 'draining'), member(2)]), three))).not.toContain('n1');
  });

  test('the last node keeps its slots while it drains', () => {
    const alone = settled(membership([member(0)]), nobody);
    expect(names(settled(membership([member(0, 'n0', 'draining')]), alone))).toEqual(names(alone));
  });
});

describe('the target of a change', () => {
  const seats = seatsOf(membership([member(0), member(1)]));
  const table = nextTable({ table: new Uint16Array(SLOTS).fill(NO_OWNER), members: seats });
  const ring = createRing(revision, [member(0), member(1)], table);
  const three = seatsOf(membership([member(0), member(1), member(2)]));
  /** One connection on each slot of the first half. */
  const busy = new Uint32Array(SLOTS).fill(1, 0, SLOTS / 2);
  const input = {
    ...{ seats: three, ring, vacant: new Set<number>(), known: 'all' as const, lazyMs: 0, now: 0 },
    measured: () => connected(nothing),
  };
  const withBusy = { ...input, measured: () => connected(busy) };
  const held = (target: Readonly<Uint16Array>, ringId: number) => target.filter((owner) => owner === ringId).length;

  test('stays the same while connections come and go', () => {
    const target = new HeldTarget();
    const first = target.of(input);
    expect(target.of(withBusy)).toBe(first);
    expect(target.of({ ...input, known: 'no' as const })).toBe(first);
  });

  test('is computed again once all connections are known', () => {
    const target = new HeldTarget();
    const unknown = target.of({ ...input, known: 'no' as const });
    const known = target.of(withBusy);
    expect(known).not.toEqual(unknown);
    expect(known).toEqual(targetOf(three, ring, { ...loads, ...connected(busy) }));
  });

  test('while a gateway is silent fills a new seat by what is known, and moves nobody between others', () => {
    const connections = Uint32Array.from(table, (ringId, slot) => (slot % 100 === 0 && ringId === 0 ? 1 : 0));
    const partly = { ...input, known: 'partly' as const, measured: () => connected(connections) };
    const target = new HeldTarget().of(partly);
    const moved = [...target.keys()].filter((slot) => connections[slot] === 1 && target[slot] !== table[slot]);
    expect(moved.length).toBeGreaterThan(0);
    expect(moved.filter((slot) => target[slot] !== 2)).toEqual([]);
  });

  test('of seats that have their slots is what they have, however connections are spread', () => {
    const connections = Uint32Array.from(table, (ringId) => (ringId === 0 ? 9 : 0));
    expect(new HeldTarget().of({ ...input, seats, measured: () => connected(connections, 0) })).toEqual(table);
  });

  test('moves nobody of other nodes when a node is lost whose clients are not counted any more', () => {
    const lopsided = Uint32Array.from({ length: SLOTS }, (_, slot) => Number(slot % 100 === 0 && table[slot] === 0));
    const three = targetOf(seatsOf(membership([member(0), member(1), member(2)])), ring, loads);
    const after = new HeldTarget().of({
      ...{ ...input, seats, vacant: new Set([2]) },
      ring: createRing(revision, [member(0), member(1), member(2)], three.slice()),
      measured: () => connected(lopsided),
    });
    expect([...after.keys()].filter((slot) => three[slot] !== 2 && after[slot] !== three[slot])).toEqual([]);
  });

  test('gives a seat that comes back what it had, before others', () => {
    const target = new HeldTarget();
    const all = Uint32Array.from({ length: SLOTS }, (_, slot) => Number(slot % 100 === 0));
    const withAll = { ...input, measured: () => connected(all) };
    const before = target.of(withAll);
    const ringOf = (owners: Readonly<Uint16Array>) =>
      createRing(revision, [member(0), member(1), member(2)], owners.slice());
    const without = target.of({ ...withAll, seats, ring: ringOf(before), vacant: new Set([2]) });
    const back = target.of({ ...withAll, ring: ringOf(without) });
    const ofOthers = [...back.keys()].filter(
      (slot) => all[slot] === 1 && without[slot] !== back[slot] && before[slot] !== 2,
    );
    expect(ofOthers).toEqual([]);
    expect(held(back, 2)).toBe(21_845);
  });

  test('leaves slots with connections where they are while it is lazy, and no longer', () => {
    const target = new HeldTarget();
    const full = new Uint32Array(SLOTS).fill(1);
    const lazy = { ...input, lazyMs: 1000, measured: () => connected(full) };
    expect(target.of(lazy)).toEqual(table);
    full.fill(0, 0, 100);
    const later = target.of({ ...lazy, now: 500 });
    expect(later.every((owner, slot) => slot < 100 || owner === table[slot])).toBe(true);
    expect(held(later, 2)).toBe(100);
    expect(held(target.of({ ...lazy, now: 600, known: 'no' as const }), 2)).toBe(100);
    expect(held(target.of({ ...lazy, now: 1000 }), 2)).toBe(21_845);
  });

  test('moves nothing for balance while it is lazy and connections are not known', () => {
    const lazy = { ...input, lazyMs: 1000, known: 'no' as const };
    expect(new HeldTarget().of(lazy)).toEqual(table);
    const lost = new HeldTarget().of({ ...lazy, seats: seatsOf(membership([member(1), member(2)])) });
    expect(lost.every((owner, slot) => (table[slot] === 1 ? owner === 1 : owner === 2))).toBe(true);
  });
});
