import { describe, expect, test } from 'vitest';
import { type CostedPod, costChanges } from './deletion-costs.ts';

const pod = (uid: string, deletionCost = 0): CostedPod => ({ uid, name: uid, deletionCost });
const changes = (pods: readonly CostedPod[], connections: Record<string, number>) =>
  costChanges(pods, new Map(Object.entries(connections)));
const applied = (pods: readonly CostedPod[], changed: readonly CostedPod[]) =>
  pods.map((before) => changed.find(({ uid }) => uid === before.uid) ?? before);
const order = (pods: readonly CostedPod[]) =>
  [...pods].sort((a, b) => a.deletionCost - b.deletionCost).map(({ uid }) => uid);

describe('deletion costs', () => {
  test('put those with the fewest connections first', () => {
    const pods = [pod('a'), pod('b'), pod('c')];
    const after = applied(pods, changes(pods, { a: 100, c: 5 }));
    expect(order(after)).toEqual(['b', 'c', 'a']);
  });

  test('stay while the order stays, whatever the counts are', () => {
    const pods = [pod('a'), pod('b')];
    const after = applied(pods, changes(pods, { a: 100, b: 10 }));
    expect(changes(after, { a: 5_000, b: 40 })).toEqual([]);
    expect(changes(after, { a: 12, b: 11 })).toEqual([]);
    expect(order(applied(after, changes(after, { a: 10, b: 100 })))).toEqual(['a', 'b']);
  });

  test('stay while counts come and go at the edge of a step, and change of those only that changed', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`p${n}`, 20 + n]));
    const pods = Object.keys(many).map((uid) => pod(uid));
    const after = applied(pods, changes(pods, many));
    const noisy = Object.fromEntries(Object.entries(many).map(([uid, count], n) => [uid, count + (n % 2 ? 1 : -1)]));
    expect(changes(after, noisy)).toEqual([]);
    expect(changes(after, { ...noisy, p99: 2 }).map(({ uid }) => uid)).toEqual(['p99']);
  });

  test('are not written of pods without connections', () => {
    expect(changes([pod('a'), pod('b')], {})).toEqual([]);
  });

  test('tell apart those that had the same', () => {
    const pods = [pod('a', 3), pod('b', 3), pod('c', 9)];
    expect(changes(pods, { a: 1, b: 50, c: 5_000 }).map(({ uid }) => uid)).toContain('b');
  });
});
