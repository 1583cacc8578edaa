import { describe, expect, test } from 'vitest';
import type { Workload } from '../workloads/port.ts';
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
});
