import { describe, expect, test } from 'vitest';
import type { ClientSeen, Fault, History, OwnersSeen, SessionSeen } from '../history.ts';
import { check } from './check.ts';

const URL_OF = { one: 'ws://127.0.0.1:1001/connect/ada', two: 'ws://127.0.0.1:1002/connect/ada' };

const history = (parts: Partial<History>): History => ({
  ...{ pace: 10, faults: [], revisions: [], owners: [], generations: [], clients: [], migrations: [], stalls: [] },
  ...parts,
});
const rules = (parts: Partial<History>) => check(history(parts)).map(({ rule }) => rule);

const session = (parts: Partial<SessionSeen>): SessionSeen => ({
  ...{ node: 'a', url: URL_OF.one, openedAt: 0, arrivals: [] },
  ...parts,
});
const client = (...sessions: SessionSeen[]): ClientSeen => ({ key: 'ada', sessions, faults: [] });
const fault = (parts: Partial<Fault>): Fault => ({
  ...{ kind: 'node-kill', target: 'a', from: 900, until: 900, nodes: [], gatewayPorts: [] },
  ...parts,
});
/** Rings seen every 300 ms; `node` owns ada's key from `at` on. */
const owned = (...changes: [at: number, node: string][]): OwnersSeen[] => {
  const seen: OwnersSeen[] = [];
  for (let at = 0; at < 10_000; at += 300)
    seen.push({ at, owners: new Map([['ada', changes.findLast(([from]) => from <= at)?.[1] ?? '']]) });
  return seen;
};

describe('revisions and generations', () => {
  const revision = (epoch: number, version: number, source = 'gateway-1', settled = false) => ({
    ...{ at: 1, source, settled },
    revision: { epoch, version },
  });

  test('rise, by epoch and then by version', () => {
    expect(rules({ revisions: [revision(1, 5), revision(1, 5), revision(1, 6), revision(2, 1)] })).toEqual([]);
    expect(rules({ revisions: [revision(1, 5), revision(1, 4)] })).toEqual(['revisions']);
    expect(rules({ revisions: [revision(2, 1), revision(1, 9)] })).toEqual(['revisions']);
  });

  test('do not fall to that of no ring either', () => {
    expect(rules({ revisions: [revision(0, 0), revision(1, 5)] })).toEqual([]);
    expect(rules({ revisions: [revision(1, 5), revision(0, 0)] })).toEqual(['revisions']);
  });

  test('are not below those of anybody once nothing is broken', () => {
    expect(rules({ revisions: [revision(1, 5), revision(1, 6, 'API', true)] })).toEqual([]);
    expect(rules({ revisions: [revision(1, 5), revision(1, 4, 'API', true)] })).toEqual(['revisions']);
  });

  test('of one gateway say nothing of another one', () => {
    expect(rules({ revisions: [revision(1, 5), revision(1, 4, 'gateway-2')] })).toEqual([]);
  });

  const generation = (value: number, source: string, settled = false) => ({
    at: 1,
    source,
    generation: value,
    settled,
  });

  test('of the spec never fall at one source', () => {
    expect(rules({ generations: [generation(2, 'a'), generation(1, 'b'), generation(2, 'a')] })).toEqual([]);
    expect(rules({ generations: [generation(2, 'a'), generation(1, 'a')] })).toEqual(['generations']);
  });

  test('of the spec may fall to what is left of it in the store, once no controller knows better', () => {
    const left = { ...generation(2, 'store'), isAll: true };
    const before = [generation(5, 'a'), generation(4, 'b'), left];
    expect(rules({ generations: [...before, generation(2, 'a'), generation(3, 'b', true)] })).toEqual([]);
    expect(rules({ generations: [...before, generation(3, 'a'), generation(2, 'a')] })).toEqual(['generations']);
    expect(rules({ generations: [...before, generation(1, 'b', true)] })).toEqual(['generations']);
  });

  test('of the spec that anybody has seen are still there when everything has settled', () => {
    expect(rules({ generations: [generation(4, 'a'), generation(1, 'b', true)] })).toEqual(['generations']);
    expect(rules({ generations: [generation(4, 'a'), generation(4, 'b', true)] })).toEqual([]);
  });
});

describe('a connection that ends', () => {
  const moved = session({ closedAt: 1_000, code: 1012, reason: 'owner changed' });
  const lost = session({ closedAt: 1_000, code: 1012, reason: 'owner lost' });
  const cut = session({ closedAt: 1_000, code: 1006, reason: '' });
  const back = (node: string) => session({ node, openedAt: 1_010 });

  test('may do so when its owner has changed', () => {
    expect(rules({ clients: [client(moved, back('b'))], owners: owned([0, 'a'], [900, 'b']) })).toEqual([]);
    expect(rules({ clients: [client(lost, back('b'))], owners: owned([0, 'a'], [900, 'b']) })).toEqual([]);
  });

  test('may do so when its owner had changed before a late gateway took it', () => {
    expect(rules({ clients: [client(session({ ...moved, openedAt: 800 }))], owners: owned([0, 'b']) })).toEqual([]);
  });

  test('is a violation when its owner has not changed', () => {
    expect(rules({ clients: [client(moved, back('a'))], owners: owned([0, 'a']) })).toEqual(['moves']);
    expect(rules({ clients: [client(moved, back('b'))], owners: owned([0, 'a']) })).toEqual(['moves']);
    expect(rules({ clients: [client(lost, back('a'))], owners: owned([0, 'a']) })).toEqual(['moves']);
  });

  test('is a violation when a ring names no owner at all', () => {
    const owners = [{ at: 0, owners: new Map() }, ...owned([0, 'a'])];
    expect(rules({ clients: [client(moved, back('a'))], owners })).toEqual(['moves']);
  });

  test('is a violation when the change came long after it', () => {
    expect(rules({ clients: [client(moved, back('a'))], owners: owned([0, 'a'], [6_000, 'b']) })).toEqual(['moves']);
  });

  test('as moved is a violation though its node was hit, if the owner has not changed', () => {
    const faults = [fault({ nodes: ['a'] })];
    expect(rules({ clients: [client(moved, back('a'))], owners: owned([0, 'a']), faults })).toEqual(['moves']);
  });

  test('may do so for another node when no ring could be seen at that time', () => {
    const owners = owned([0, 'a']).filter(({ at }) => at < 300 || at > 5_000);
    expect(rules({ clients: [client(moved, back('b'))], owners })).toEqual([]);
    expect(rules({ clients: [client(moved, back('a'))], owners })).toEqual(['moves']);
  });

  test('without a move needs a fault of its node or gateway', () => {
    const owners = owned([0, 'a']);
    const clients = [client(cut, back('a'))];
    expect(rules({ clients, owners })).toEqual(['moves']);
    expect(rules({ clients, owners, faults: [fault({ nodes: ['a'] })] })).toEqual([]);
    expect(rules({ clients, owners, faults: [fault({ gatewayPorts: [1001] })] })).toEqual([]);
    expect(rules({ clients, owners, faults: [fault({ nodes: ['b'], gatewayPorts: [1002] })] })).toEqual(['moves']);
    expect(rules({ clients, owners, faults: [fault({ nodes: ['a'], from: 5_000, until: 5_000 })] })).toEqual(['moves']);
  });

  test('is explained by a fault of the past for a while only', () => {
    const late = session({ openedAt: 50_000, closedAt: 51_000, code: 1006, reason: '' });
    expect(rules({ clients: [client(late)], owners: owned([0, 'a']), faults: [fault({ nodes: ['a'] })] })).toEqual([
      'moves',
    ]);
  });
});

describe('the pace', () => {
  /** A move every `everyMs`, each of another client. */
  const moves = (count: number, everyMs: number): ClientSeen[] =>
    Array.from({ length: count }, (_, n) =>
      client(session({ closedAt: 1_000 + n * everyMs, code: 1012, reason: 'owner changed' })),
    );
  const owners = owned([0, 'b']);

  test('holds for moves at its rate', () => {
    expect(rules({ clients: moves(80, 100), owners })).toEqual([]);
  });

  test('does not hold for moves at once, which are told once', () => {
    expect(rules({ clients: moves(40, 1), owners })).toEqual(['pace']);
  });

  test('does not count what was lost', () => {
    expect(rules({ clients: moves(40, 1), owners, faults: [fault({ nodes: ['a'] })] })).toEqual([]);
  });

  test('does not count what a gateway makes up for after a fault, but counts what it moves later', () => {
    const hit = (until: number) => [fault({ gatewayPorts: [1001], from: 0, until })];
    expect(rules({ clients: moves(40, 1), owners, faults: hit(500) })).toEqual([]);
    expect(rules({ clients: moves(40, 1), owners, faults: hit(-3_000) })).toEqual(['pace']);
    const later = [fault({ gatewayPorts: [1001], from: 5_000, until: 6_000 })];
    expect(rules({ clients: moves(40, 1), owners, faults: later })).toEqual(['pace']);
  });

  test('holds for migrations as well, but not for what was lost', () => {
    const taken = (lost: boolean) =>
      Array.from({ length: 40 }, (_, n) => client(session({ arrivals: [{ node: 'b', lost, at: 1_000 + n }] })));
    const faults = [fault({ nodes: ['a'], from: 0, until: 0 })];
    expect(rules({ clients: taken(false), owners })).toEqual(['pace']);
    expect(rules({ clients: taken(true), owners, faults })).toEqual([]);
  });

  test('is not judged while the recorder stood still', () => {
    expect(rules({ clients: moves(40, 1), owners, stalls: [{ from: 0, until: 1_000 }] })).toEqual([]);
  });
});

describe('a connection that is taken to another node', () => {
  const MIGRATE = `${URL_OF.one}?wscluster-mode=migrate`;
  const RECONNECT = `${URL_OF.one}?wscluster-mode=reconnect`;
  const TOLD = { code: 1012, reason: 'owner changed' };
  const arrival = { node: 'b', lost: false, at: 2_000 };
  const taken = (parts: Partial<SessionSeen> = {}) => session({ url: MIGRATE, arrivals: [arrival], ...parts });
  const owners = owned([0, 'a'], [1_500, 'b']);

  test('may be so when a ring names that node', () => {
    expect(rules({ clients: [client(taken())], owners })).toEqual([]);
    expect(rules({ clients: [client(taken({ url: URL_OF.one }))], owners })).toEqual([]);
    expect(rules({ clients: [client(taken())], owners: owned([0, 'a']) })).toEqual(['migrations']);
    expect(rules({ clients: [client(taken())], owners: owned([0, 'a'], [6_000, 'b']) })).toEqual(['migrations']);
  });

  test('has not asked for reconnects', () => {
    expect(rules({ clients: [client(taken({ url: RECONNECT }))], owners })).toEqual(['migrations']);
  });

  test('since its node was lost needs a fault of that node', () => {
    const lost = taken({ arrivals: [{ ...arrival, lost: true }] });
    expect(rules({ clients: [client(lost)], owners })).toEqual(['migrations']);
    expect(rules({ clients: [client(lost)], owners, faults: [fault({ nodes: ['a'] })] })).toEqual([]);
  });

  test('is judged by the last one when it is closed', () => {
    const closed = taken({ closedAt: 5_000, code: 1012, reason: 'owner changed' });
    const faults = [fault({ nodes: ['b'], from: 4_900, until: 4_900 })];
    expect(rules({ clients: [client(closed)], owners, faults })).toEqual(['moves']);
    expect(rules({ clients: [client(closed)], owners: owned([0, 'a'], [1_500, 'b'], [4_000, 'a']), faults })).toEqual(
      [],
    );
  });

  test('is told to reconnect only if a fault hit a node that had it or was to have it, or its gateway', () => {
    const told = taken({ arrivals: [], closedAt: 2_000, code: 1012, reason: 'owner changed' });
    const hit = (parts: Partial<Fault>) => rules({ clients: [client(told)], owners, faults: [fault(parts)] });
    expect(rules({ clients: [client(told)], owners })).toEqual(['migrations']);
    expect(hit({ nodes: ['c'] })).toEqual(['migrations']);
    expect(hit({ nodes: ['a'] })).toEqual([]);
    expect(hit({ nodes: ['b'] })).toEqual([]);
    expect(hit({ gatewayPorts: [1001] })).toEqual([]);
    expect(rules({ clients: [client({ ...told, url: URL_OF.one })], owners })).toEqual([]);
    expect(rules({ clients: [client(told)], owners, stalls: [{ from: 500, until: 1_200 }] })).toEqual([]);
  });

  test('is not ended by a fault of long ago, however old it is', () => {
    const cut = taken({ arrivals: [], closedAt: 100_000, code: 1006, reason: '' });
    const hit = (until: number) => [fault({ nodes: ['a'], from: 900, until })];
    expect(rules({ clients: [client(cut)], owners: owned([0, 'a']), faults: hit(900) })).toEqual(['moves']);
    expect(rules({ clients: [client(cut)], owners: owned([0, 'a']), faults: hit(50_000) })).toEqual([]);
  });

  test('was counted by its gateway, as what it is', () => {
    const counted = (outcomes: Record<string, number>, parts = {}) =>
      rules({
        ...{ owners, faults: [fault({ nodes: ['a'] })], stalls: [{ from: 4_000, until: 5_000 }] },
        migrations: [{ at: 9_000, port: 1001, since: 0, outcomes, ...parts }],
        clients: [
          client(taken()),
          client(taken({ arrivals: [{ ...arrival, lost: true }] })),
          client(taken({ node: 'c', openedAt: 3_000, arrivals: [], closedAt: 5_000, ...TOLD })),
          // Its node was lost: nothing is counted.
          client(taken({ arrivals: [], closedAt: 2_000, ...TOLD })),
        ],
      });
    expect(counted({ migrated: 1, redialled: 1, 'new-owner-unreachable': 1 })).toEqual([]);
    expect(counted({ migrated: 1, redialled: 1, stayed: 5 })).toEqual(['migrations']);
    expect(counted({ migrated: 2, 'node-lost': 1 })).toEqual(['migrations']);
    expect(counted({}, { port: 1002 })).toEqual([]);
    // It was asked before it could have counted them, or is the successor of the one that did.
    expect(counted({}, { at: 1_900 })).toEqual([]);
    expect(counted({}, { since: 3_010 })).toEqual([]);
  });
});

test('a message out of order is a violation', () => {
  expect(check(history({ clients: [{ key: 'ada', sessions: [], faults: ['got 3, expected 2'] }] }))).toEqual([
    { rule: 'messages', detail: 'ada: got 3, expected 2' },
  ]);
});
