import { describe, expect, test } from 'vitest';
import type { Workload } from '../ports/workload-source.ts';
import { planScale, type ScaleInput } from './scale.ts';

const node = (id: string, phase: Workload['phase'] = 'ready', more: Partial<Workload> = {}): Workload => ({
  id,
  phase,
  address: '127.0.0.1:1',
  managed: true,
  ...more,
});
const plan = (listing: Workload[], more: Partial<ScaleInput> = {}) =>
  planScale({
    listing,
    replicas: 2,
    owners: new Set(),
    connections: new Map(),
    drainMs: 60_000,
    now: 100_000,
    ...more,
  });

describe('scaling', () => {
  test('starts what is missing, counting neither draining nor ended nor foreign nodes', () => {
    const listing = [node('a', 'draining'), node('b', 'gone'), node('c', 'ready', { managed: false })];
    expect(plan(listing).create).toBe(2);
  });

  test('counts a node that is still starting', () => {
    expect(plan([node('a', 'starting'), node('b')])).toEqual({ create: 0, drain: [], stop: [] });
  });

  test('drains the nodes with the fewest connections, those that never were ready first', () => {
    const listing = [node('a'), node('b'), node('c'), node('d', 'starting')];
    const connections = new Map([
      ['a', 5],
      ['b', 1],
      ['c', 9],
    ]);
    expect(plan(listing, { connections }).drain).toEqual(['d', 'b']);
  });

  test('stops a draining node only when it owns no slot and has no connection', () => {
    const listing = [node('a'), node('b'), node('c', 'draining', { drainingSince: 99_000 })];
    expect(plan(listing, { owners: new Set(['c']) }).stop).toEqual([]);
    expect(plan(listing, { connections: new Map([['c', 1]]) }).stop).toEqual([]);
    expect(plan(listing).stop).toEqual(['c']);
  });

  test('stops a draining node when its time is up, whatever it still holds', () => {
    const listing = [node('a'), node('b'), node('c', 'draining', { drainingSince: 40_000 })];
    expect(plan(listing, { owners: new Set(['c']), connections: new Map([['c', 7]]) }).stop).toEqual(['c']);
  });

  test('never stops or drains a foreign node', () => {
    const foreign = ['a', 'b', 'c'].map((id) => node(id, 'ready', { managed: false }));
    expect(plan([...foreign, node('d', 'draining', { managed: false })], { replicas: 0 })).toEqual({
      create: 0,
      drain: [],
      stop: [],
    });
  });

  test('does not replace a node that its source starts again', () => {
    expect(plan([node('a', 'restarting'), node('b')])).toEqual({ create: 0, drain: [], stop: [] });
    expect(plan([node('a', 'restarting'), node('b'), node('c')]).drain).toEqual(['a']);
  });
});

describe('replacing outdated nodes', () => {
  const old = (id: string, phase: Workload['phase'] = 'ready') => node(id, phase, { outdated: true });

  test('starts one more, drains one when that is ready, and goes on when the drained one has ended', () => {
    expect(plan([old('a'), old('b')])).toEqual({ create: 1, drain: [], stop: [] });
    expect(plan([old('a'), old('b'), node('x', 'starting')])).toEqual({ create: 0, drain: [], stop: [] });
    const connections = new Map([
      ['a', 5],
      ['b', 1],
    ]);
    expect(plan([old('a'), old('b'), node('x')], { connections })).toEqual({ create: 0, drain: ['b'], stop: [] });
    const draining = [old('a'), old('b', 'draining'), node('x')];
    expect(plan(draining, { owners: new Set(['b']) })).toEqual({ create: 0, drain: [], stop: [] });
    expect(plan([old('a'), node('x')])).toEqual({ create: 1, drain: [], stop: [] });
    expect(plan([node('x'), node('y')])).toEqual({ create: 0, drain: [], stop: [] });
  });

  test('a new node that never gets ready leaves the old ones, and goes first when it is outdated itself', () => {
    expect(plan([old('a'), old('b'), node('x', 'restarting')])).toEqual({ create: 0, drain: [], stop: [] });
    expect(plan([old('a'), old('b'), old('x', 'restarting')])).toEqual({ create: 0, drain: ['x'], stop: [] });
  });

  test('those that serve nobody go at once: there may be no room for one more', () => {
    const stuck = [old('a', 'starting'), old('b', 'restarting')];
    expect(plan(stuck)).toMatchObject({ create: 2, drain: ['a', 'b'] });
    expect(plan([old('a'), old('b', 'starting')])).toEqual({ create: 1, drain: ['b'], stop: [] });
    expect(plan([old('a', 'starting'), node('x'), node('y')]).drain).toEqual(['a']);
  });

  test('one that is not ready now stays for its clients, and for its slots when it may have been ready before', () => {
    const listing = [old('a'), old('b', 'starting')];
    expect(plan(listing, { connections: new Map([['b', 1]]) })).toEqual({ create: 1, drain: [], stop: [] });
    expect(plan(listing, { owners: new Set(['b']) })).toEqual({ create: 1, drain: [], stop: [] });
  });

  test('fewer replicas meanwhile are outdated ones fewer', () => {
    const listing = [old('a'), old('b'), node('x'), node('y', 'starting')];
    expect(plan(listing, { connections: new Map([['a', 1]]) }).drain).toEqual(['b']);
    expect(plan([old('a'), node('x')], { replicas: 0 }).drain).toEqual(['a', 'x']);
  });
});
