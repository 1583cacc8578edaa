import { SLOTS } from '@wscluster/ring';
import { describe, expect, it } from 'vitest';
import { PINNED } from '../move/tracker.ts';
import { SlotLoad } from './slot-load.ts';

describe('the load of slots', () => {
  it('is not counted until somebody asks for it', () => {
    const load = new SlotLoad();
    load.add(7, 1, 100);
    load.count('messages');
    expect(load.tell()).toEqual([]);
    load.add(7, 2, 100);
    load.add(PINNED, 5, 500);
    expect(load.tell()).toEqual([[7, 2]]);
    load.count(undefined);
    load.add(7, 2, 100);
    expect(load.tell()).toEqual([]);
  });

  it('is in KiB if it is of bytes; what is left is told later', () => {
    const load = new SlotLoad();
    load.count('bytes');
    load.add(3, 1, 1_500);
    expect(load.tell()).toEqual([[3, 1]]);
    load.add(3, 1, 548);
    expect(load.tell()).toEqual([[3, 1]]);
    expect(load.tell()).toEqual([]);
  });

  it('names a thousand slots each time in the long run, and forgets nothing of the others', () => {
    const load = new SlotLoad();
    load.count('messages');
    const told = new Uint32Array(SLOTS);
    let names = 0;
    for (let second = 0; second < 40; second++) {
      for (let slot = 0; slot < 20_000; slot++) load.add(slot, 1, 0);
      for (let times = 0; times < 1_000; times++) load.add(65_000, 1, 0);
      const changes = load.tell();
      names += changes.length;
      for (const [slot, count] of changes) told[slot] = (told[slot] as number) + count;
      expect(changes.at(-1)).toEqual([65_000, 1_000]);
    }
    expect(names / 40).toBeLessThanOrEqual(1_024);
    expect(told[65_000]).toBe(40_000);
    for (const slot of [0, 10_000, 19_999]) expect(told[slot]).toBeGreaterThanOrEqual(19);
  });

  it('knows the slots with the most of it, as long as it is not next to nothing', () => {
    const load = new SlotLoad();
    load.count('messages');
    for (let slot = 0; slot < 100; slot++) load.add(slot, slot === 50 ? 400 : slot === 7 ? 90 : 10, 0);
    load.tell();
    expect(load.hottest).toEqual([50, 7]);
    load.add(3, 9, 0);
    load.tell();
    expect(load.hottest).toEqual([]);
  });

  it('that could not be told is forgotten on demand', () => {
    const load = new SlotLoad();
    load.count('messages');
    load.add(7, 9, 0);
    load.forget();
    load.add(7, 1, 0);
    expect(load.tell()).toEqual([[7, 1]]);
  });
});
