import { silentLogger } from '@wscluster/service';
import { describe, expect, test } from 'vitest';
import { type DrainStore, Drains } from './drains.ts';

const RUN = 1_700_000_000_000;

/** Remembers what was saved last; refuses while it is told to. */
function memory(saved: Record<string, number> = {}) {
  const state = { saved, refuse: false, saves: 0 };
  const store: DrainStore = {
    load: async () => state.saved,
    save: async (drains) => {
      if (state.refuse) throw new Error('no space left');
      state.saves++;
      state.saved = { ...drains };
    },
  };
  return { state, store };
}

describe('the mark of a node that was asked to leave', () => {
  test('is kept before it counts as made, and stays the first', async () => {
    const { state, store } = memory();
    const drains = await Drains.load(store, silentLogger);
    await drains.add('a', RUN);
    const since = drains.since('a');
    expect(state.saved).toEqual({ a: since });
    await drains.add('a', RUN);
    expect(drains.since('a')).toBe(since);
    expect(state.saves).toBe(1);
  });

  test('is not made when it cannot be kept', async () => {
    const { state, store } = memory();
    const drains = await Drains.load(store, silentLogger);
    state.refuse = true;
    await expect(drains.add('a', RUN)).rejects.toThrow('no space left');
    expect(drains.since('a')).toBeUndefined();
  });

  test('that was noted while nothing could be kept is kept later', async () => {
    const { state, store } = memory();
    const drains = await Drains.load(store, silentLogger);
    state.refuse = true;
    drains.note('a', RUN);
    drains.keepOnly(new Set(['a']));
    await drains.settled();
    state.refuse = false;
    drains.keepOnly(new Set(['a']));
    await drains.settled();
    expect(Object.keys(state.saved)).toEqual(['a']);
  });

  test('ends with its container, and with the run that it was meant for', async () => {
    const { state, store } = memory();
    const drains = await Drains.load(store, silentLogger);
    for (const id of ['gone', 'again', 'same']) await drains.add(id, RUN);
    drains.observe('again', RUN + 1);
    drains.observe('same', RUN);
    drains.keepOnly(new Set(['again', 'same']));
    await drains.settled();
    expect(Object.keys(state.saved)).toEqual(['same']);
  });

  test('holds for the next controller, unless the container was started since', async () => {
    const { store } = memory({ same: RUN, again: RUN });
    const drains = await Drains.load(store, silentLogger);
    drains.observe('same', RUN + 5000); // an engine whose clock is ahead of ours
    drains.observe('again', RUN + 3_600_000);
    expect([drains.since('same'), drains.since('again')]).toEqual([RUN, undefined]);
  });

  test('of a container that never ran holds when it does', async () => {
    const { store } = memory();
    const drains = await Drains.load(store, silentLogger);
    await drains.add('a', Date.parse('0001-01-01T00:00:00Z'));
    drains.observe('a', Date.now());
    expect(drains.since('a')).toBeDefined();
  });
});
