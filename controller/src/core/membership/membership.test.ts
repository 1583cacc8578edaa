import { describe, expect, test } from 'vitest';
import type { Workload } from '../ports/workload-source.ts';
import { type Membership, type MembershipPolicy, NO_MEMBERSHIP, nextMembership } from './membership.ts';

const POLICY: MembershipPolicy = {
  replicas: 3,
  maxConnections: 0,
  defaultWeight: 1,
  weights: {},
  unreadyGraceMs: 10_000,
  replacementMs: 30_000,
  handoverMs: 5000,
  maxLostShare: 0.5,
};

function node(id: string, phase: Workload['phase'] = 'ready', more: Partial<Workload> = {}): Workload {
  return { id, phase, address: `127.0.0.1:${8000 + id.charCodeAt(0)}`, managed: true, ...more };
}

/** Applies listings one after another, a second apart from 0. */
function history(listings: Workload[][], policy: Partial<MembershipPolicy> = {}): Membership {
  return listings.reduce(
    (membership, listing, second) => nextMembership(membership, listing, { ...POLICY, ...policy }, second * 1000),
    NO_MEMBERSHIP,
  );
}

const seats = (membership: Membership) =>
  Object.fromEntries(membership.members.map((member) => [member.nodeId, `${member.ringId} ${member.state}`]));

const abc = [node('a'), node('b'), node('c')];

describe('seats on the ring', () => {
  test('ready nodes get ordinals in the order of their ids, whatever the order of the listing', () => {
    expect(seats(history([[node('c'), node('a'), node('b')]]))).toEqual({ a: '0 ready', b: '1 ready', c: '2 ready' });
  });

  test('a node that never was ready has no seat', () => {
    expect(seats(history([[node('a'), node('b', 'starting')]]))).toEqual({ a: '0 ready' });
  });

  test('a node that replaces a dead one takes over its ring id, and nobody else changes', () => {
    const after = history([abc, [node('a'), node('b', 'gone'), node('c')], [node('a'), node('c'), node('x')]]);
    expect(seats(after)).toEqual({ a: '0 ready', x: '1 ready', c: '2 ready' });
    expect(after.vacancies).toEqual([]);
  });

  test('a node that comes back takes its own seat, even when a newcomer is listed before it', () => {
    const after = history([abc, [node('a'), node('b', 'gone'), node('c', 'gone')], [node('0'), node('a'), node('c')]]);
    expect(seats(after)).toEqual({ a: '0 ready', 0: '1 ready', c: '2 ready' });
  });

  test('a managed node beyond the replicas waits, and takes the seat of the one that is drained for it', () => {
    const spare = history([abc, [...abc, node('0'), node('x')]]);
    expect(seats(spare)).toEqual({ a: '0 ready', b: '1 ready', c: '2 ready' });
    const after = nextMembership(spare, [node('a'), node('b', 'draining'), node('c'), node('x')], POLICY, 5000);
    expect(seats(after)).toEqual({ a: '0 ready', b: '1 draining', x: '1 ready', c: '2 ready' });
    expect(after.vacancies).toEqual([]);
  });

  describe('while somebody else’s workload replaces its nodes by those of a newer template', () => {
    /** `createdAt` in the order of the ids. */
    const made = (id: string, template: string, phase: Workload['phase'] = 'ready', by = 'web') =>
      node(id, phase, { managed: false, made: { by, template }, createdAt: id.charCodeAt(0) });
    const [a, b] = [made('a', 'old'), made('b', 'old')];
    const policy = { ...POLICY, replicas: 0 };
    const seen = (...listings: Workload[][]) => history(listings, policy);

    test('a newcomer waits for the place of one that leaves, and takes it; the next one as well', () => {
      const waiting = seen([a, b], [a, b, made('c', 'new')]);
      expect(seats(waiting)).toEqual({ a: '0 ready', b: '1 ready' });
      expect(waiting.nextChangeAt).toBe(31_000);
      const first = nextMembership(waiting, [a, made('b', 'old', 'draining'), made('c', 'new')], policy, 2000);
      expect(seats(first)).toEqual({ a: '0 ready', b: '1 draining', c: '1 ready' });
      expect(first.vacancies).toEqual([]);
      const second = nextMembership(first, [a, made('c', 'new'), made('d', 'new')], policy, 3000);
      expect(seats(second)).toEqual({ a: '0 ready', c: '1 ready' });
      const last = [made('a', 'old', 'draining'), made('c', 'new'), made('d', 'new')];
      expect(seats(nextMembership(second, last, policy, 4000))).toEqual({
        ...{ a: '0 draining', d: '0 ready' },
        c: '1 ready',
      });
    });

    test('it takes the place at once of one that leaves in the same moment, or is lost', () => {
      const leaves = seen([a, b], [a, made('b', 'old', 'draining'), made('c', 'new')]);
      expect(seats(leaves)).toEqual({ a: '0 ready', b: '1 draining', c: '1 ready' });
      const ended = seen([a, b], [a, b, made('c', 'new')], [a, made('b', 'old', 'gone'), made('c', 'new')]);
      expect(seats(ended)).toEqual({ a: '0 ready', c: '1 ready' });
    });

    test('it joins as one more after a while, if none leaves', () => {
      const waiting = seen([a, b], [a, b, made('c', 'new')]);
      expect(seats(nextMembership(waiting, [a, b, made('c', 'new')], policy, 30_999))).not.toHaveProperty('c');
      const joined = nextMembership(waiting, [a, b, made('c', 'new')], policy, 31_000);
      expect(seats(joined)).toMatchObject({ c: '2 ready' });
    });

    test('no more newcomers wait than there are nodes to replace', () => {
      const all = [a, b, ...['c', 'd', 'e'].map((id) => made(id, 'new'))];
      expect(seats(seen([a, b], all))).toEqual({ a: '0 ready', b: '1 ready', e: '2 ready' });
      const leaving = [a, made('b', 'old', 'draining'), made('c', 'new'), made('d', 'new')];
      expect(seats(seen([a, b], leaving))).toEqual({ a: '0 ready', b: '1 draining', c: '1 ready' });
    });

    test.each([
      ['of the same template', made('c', 'old')],
      ['of another workload', made('c', 'new', 'ready', 'other')],
      ['of an older template', { ...made('c', 'new'), createdAt: 1 }],
      ['that nobody else made', node('c', 'ready', { managed: false })],
    ])('a newcomer %s joins at once', (_, newcomer) => {
      expect(seats(seen([a, b], [a, b, newcomer]))).toMatchObject({ c: '2 ready' });
    });

    test('the place of one that leaves without a newcomer is given up at once', () => {
      expect(seen([a, b], [a, made('b', 'old', 'draining')]).vacancies).toEqual([]);
    });
  });

  test('nodes that others brought along are never too many', () => {
    const foreign = abc.map((workload) => ({ ...workload, managed: false }));
    expect(seats(history([foreign], { replicas: 0 }))).toEqual({ a: '0 ready', b: '1 ready', c: '2 ready' });
  });

  test('a node that is started again by its source has its seat back', () => {
    const down = history([abc, [node('a'), node('b', 'restarting'), node('c')]]);
    expect(seats(down)).toEqual({ a: '0 ready', c: '2 ready' });
    expect(down.vacancies.map(({ ringId }) => ringId)).toEqual([1]);
    expect(seats(nextMembership(down, abc, POLICY, 4000))).toEqual({ a: '0 ready', b: '1 ready', c: '2 ready' });
  });

  test('an unready node keeps its slots for the grace time and then leaves a vacancy', () => {
    const sick = [node('a'), node('b', 'unready'), node('c')];
    const policy = { unreadyGraceMs: 2000 };
    expect(seats(history([abc, sick, sick], policy))).toMatchObject({ b: '1 unready' });
    const after = history([abc, sick, sick, sick], policy);
    expect(seats(after)).toEqual({ a: '0 ready', c: '2 ready' });
    expect(after.vacancies.map((vacancy) => vacancy.ringId)).toEqual([1]);
    expect(seats(nextMembership(after, abc, POLICY, 9000))).toMatchObject({ b: '1 ready' });
  });

  test('a node that is ready again within the grace time starts afresh', () => {
    const sick = [node('a'), node('b', 'unready'), node('c')];
    expect(seats(history([abc, sick, abc, sick, sick], { unreadyGraceMs: 2000 }))).toMatchObject({ b: '1 unready' });
  });

  test('weights come from the node, else from its place, else from the cluster', () => {
    const listing = [node('a', 'ready', { weight: 3 }), node('b'), node('c')];
    const after = history([listing], { defaultWeight: 2, weights: { 0: 9, 1: 5 } });
    expect(after.members.map((member) => member.weight)).toEqual([3, 5, 2]);
  });

  test('where nobody has set a weight, a node has the one that it says, and much the same one changes nothing', () => {
    const says = (statedWeight: number, more: Partial<Workload> = {}) => [
      node('a', 'ready', { statedWeight, ...more }),
    ];
    const weights = (...listings: Workload[][]) =>
      history(listings, { defaultWeight: 2 }).members.map((member) => member.weight);
    expect(weights(says(3))).toEqual([3]);
    expect(weights(says(3), says(3.5), says(2.6))).toEqual([3]);
    expect(weights(says(3), says(3.7))).toEqual([3.7]);
    expect(weights(says(3), says(2.4))).toEqual([2.4]);
    expect(weights(says(3), says(3, { weight: 1 }))).toEqual([1]);
    expect(history([says(3)], { weights: { 0: 9 } }).members[0]?.weight).toBe(9);
  });

  test('limits of connections come from the node, else from the cluster, and 0 is none; a lost node keeps its own', () => {
    const listing = [node('a', 'ready', { maxConnections: 3 }), node('b', 'ready', { maxConnections: 0 }), node('c')];
    const after = history([listing], { maxConnections: 9 });
    expect([...after.limits]).toEqual([
      ['a', 3],
      ['c', 9],
    ]);
    const held = nextMembership(after, [], { ...POLICY, maxConnections: 7 }, 1000);
    expect([...held.limits]).toEqual([...after.limits]);
    expect(history([listing]).limits).toEqual(new Map([['a', 3]]));
  });
});

describe('vacancies', () => {
  test('a vacancy ends when no replacement came in time', () => {
    const dead = [node('a'), node('b', 'gone'), node('c')];
    const after = history([abc, dead]);
    expect(after.nextChangeAt).toBe(31_000);
    expect(nextMembership(after, dead, POLICY, 31_000).vacancies).toEqual([]);
  });

  test('no vacancy is kept beyond the replicas that are wanted', () => {
    const after = history([abc, [node('a'), node('b', 'gone'), node('c')]], { replicas: 2 });
    expect(after.vacancies).toEqual([]);
  });

  test('the place of a draining node waits for its replacement while replicas still want one', () => {
    const leaving = [node('a'), node('b', 'draining'), node('c')];
    const after = history([abc, leaving]);
    expect(seats(after)).toMatchObject({ b: '1 draining' });
    expect(after.vacancies.map((vacancy) => vacancy.ringId)).toEqual([1]);
    const replaced = nextMembership(after, [...leaving, node('x')], POLICY, 2000);
    expect(seats(replaced)).toEqual({ a: '0 ready', b: '1 draining', x: '1 ready', c: '2 ready' });
  });

  test('the place of a node that drains for good is given up at once', () => {
    const after = history([abc, [node('a'), node('b', 'draining'), node('c')]], { replicas: 2 });
    expect(after.vacancies).toEqual([]);
  });
});

describe('a source that suddenly sees nothing', () => {
  test('keeps the ring when more than half of the members vanish from one listing', () => {
    const after = history([abc, [node('a')]]);
    expect(after.held).toEqual(['b', 'c']);
    expect(seats(after)).toEqual({ a: '0 ready', b: '1 unready', c: '2 unready' });
  });

  test('keeps it when they vanish one after the other', () => {
    const after = history([abc, [node('a'), node('b')], [node('a')], []]);
    expect(after.held).toEqual(['a', 'b']);
    expect(after.vacancies.map((vacancy) => vacancy.nodeId)).toEqual(['c']);
  });

  test('keeps it when all become unready', () => {
    const sick = abc.map(({ id }) => node(id, 'unready'));
    const after = history([abc, sick, sick, sick, sick], { unreadyGraceMs: 1000 });
    expect(seats(after)).toEqual({ a: '0 unready', b: '1 unready', c: '2 unready' });
  });

  test('goes on as if nothing had been when they are seen again', () => {
    expect(seats(history([abc, [], [], abc]))).toEqual({ a: '0 ready', b: '1 ready', c: '2 ready' });
  });

  test('replacements take the seats of those that are held', () => {
    const after = history([abc, [node('a')], [node('a'), node('x')], [node('a'), node('x'), node('y')]]);
    expect(seats(after)).toEqual({ a: '0 ready', x: '1 ready', y: '2 ready' });
    expect(after.held).toEqual([]);
  });

  test('nodes that are known to have ended are not held, however many', () => {
    const after = history([abc, [node('a', 'gone'), node('b', 'gone'), node('c', 'gone')]]);
    expect(after.members).toEqual([]);
    expect(after.vacancies.map((vacancy) => vacancy.ringId)).toEqual([0, 1, 2]);
  });
});
