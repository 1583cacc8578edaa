import { beforeEach, describe, expect, test } from 'vitest';
import { KeptObjects } from './kept-objects.ts';
import type { KubeObject } from './object.ts';

const object = (uid: string, resourceVersion: string): KubeObject => ({
  metadata: { name: uid, uid, resourceVersion },
});

describe('what is held of objects', () => {
  let kept: KeptObjects<KubeObject, string>;
  beforeEach(() => {
    kept = new KeptObjects(({ metadata }) => (metadata.name === 'other' ? undefined : metadata.resourceVersion));
  });
  const held = () => Object.fromEntries(kept.objects);

  test('is what the list says, and only what is kept of it', () => {
    expect(kept.replace([object('a', '5'), object('other', '6')], '10')).toBe(true);
    expect(held()).toEqual({ a: '5' });
    expect(kept.replace([object('a', '5'), object('other', '6')], '11')).toBe(false);
    expect(kept.replace([], '12')).toBe(true);
    expect(held()).toEqual({});
  });

  test('has the newest of what the watch and answers to writes say, in whatever order they come', () => {
    kept.replace([object('a', '9')], '10');
    expect(kept.note(object('a', '11'), '10')).toBe(true);
    expect(kept.set(object('a', '10'))).toBe(false);
    expect(held()).toEqual({ a: '11' });
    expect(kept.note(object('a', '11'), '10')).toBe(false);
  });

  test('has what was created already before the watch tells of it, and an older list does not remove it', () => {
    kept.replace([], '10');
    kept.note(object('new', '11'), '10');
    expect(kept.replace([], '10')).toBe(false);
    expect(held()).toEqual({ new: '11' });
    expect(kept.replace([], '11')).toBe(true);
  });

  test('is what a server says that was restored to an earlier state, with versions that begin again there', () => {
    kept.replace([object('a', '9'), object('b', '9')], '10');
    kept.set(object('a', '30'));
    kept.set(object('late', '31'));
    expect(kept.replace([object('a', '9')], '20', '31')).toBe(true);
    expect(held()).toEqual({ a: '9' });
    expect(kept.set(object('a', '21'))).toBe(true);
    expect(held()).toEqual({ a: '21' });
  });

  test('does not come back by an answer that is older than its end', () => {
    kept.replace([], '10');
    kept.set(object('a', '11'));
    kept.remove(object('a', '12'));
    expect(kept.note(object('a', '11'), '12')).toBe(false);
    expect(held()).toEqual({});
  });
});
