import { beforeEach, describe, expect, test } from 'vitest';
import { InformerStore } from './informer-store.ts';
import type { KubeObject } from './object.ts';

const object = (uid: string, resourceVersion: string): KubeObject => ({
  metadata: { name: uid, uid, resourceVersion },
});

describe('what is held of objects', () => {
  let store: InformerStore<KubeObject, string>;
  beforeEach(() => {
    store = new InformerStore(({ metadata }) => (metadata.name === 'other' ? undefined : metadata.resourceVersion));
  });
  const held = () => Object.fromEntries(store.objects);

  test('is what the list says, and only what is kept of it', () => {
    expect(store.replace([object('a', '5'), object('other', '6')], '10')).toBe(true);
    expect(held()).toEqual({ a: '5' });
    expect(store.replace([object('a', '5'), object('other', '6')], '11')).toBe(false);
    expect(store.replace([], '12')).toBe(true);
    expect(held()).toEqual({});
  });

  test('has the newest of what the watch and answers to writes say, in whatever order they come', () => {
    store.replace([object('a', '9')], '10');
    expect(store.note(object('a', '11'), '10')).toBe(true);
    expect(store.set(object('a', '10'))).toBe(false);
    expect(held()).toEqual({ a: '11' });
    expect(store.note(object('a', '11'), '10')).toBe(false);
  });

  test('has what was created already before the watch tells of it, and an older list does not remove it', () => {
    store.replace([], '10');
    store.note(object('new', '11'), '10');
    expect(store.replace([], '10')).toBe(false);
    expect(held()).toEqual({ new: '11' });
    expect(store.replace([], '11')).toBe(true);
  });

  test('is what a server says that was restored to an earlier state, with versions that begin again there', () => {
    store.replace([object('a', '9'), object('b', '9')], '10');
    store.set(object('a', '30'));
    store.set(object('late', '31'));
    expect(store.replace([object('a', '9')], '20', '31')).toBe(true);
    expect(held()).toEqual({ a: '9' });
    expect(store.set(object('a', '21'))).toBe(true);
    expect(held()).toEqual({ a: '21' });
  });

  test('does not come back by an answer that is older than its end', () => {
    store.replace([], '10');
    store.set(object('a', '11'));
    store.remove(object('a', '12'));
    expect(store.note(object('a', '11'), '12')).toBe(false);
    expect(held()).toEqual({});
  });
});
