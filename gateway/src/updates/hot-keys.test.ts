import { slotOf } from '@wscluster/ring';
import { describe, expect, it } from 'vitest';
import type { Keyed } from '../admission/check-room.ts';
import { Tracker } from '../move/tracker.ts';
import { HotKeys } from './hot-keys.ts';

function add(tracker: Tracker<Keyed>, key: string, slot = slotOf(key)): Keyed {
  const entry: Keyed = {
    ...{ key, slot, nodeId: 'a', kind: 'websocket', portable: false },
    ...{ next: undefined, previous: undefined },
  };
  tracker.add(entry);
  return entry;
}

describe('hot keys', () => {
  it('are the ten with the most connections, most first, and none with a single one', () => {
    const tracker = new Tracker<Keyed>();
    for (let key = 0; key < 30; key++) for (let i = 0; i < key; i++) add(tracker, `key-${key}`);
    expect(new HotKeys(tracker).at(0)).toEqual(
      Array.from({ length: 10 }, (_, i) => ({ key: `key-${29 - i}`, connections: 29 - i })),
    );
    const cold = new Tracker<Keyed>();
    for (const key of ['a', 'b', 'c', 'c']) add(cold, key, 7);
    expect(new HotKeys(cold).at(0)).toEqual([{ key: 'c', connections: 2 }]);
  });

  it('are found in a slot that many cold keys share with them', () => {
    const tracker = new Tracker<Keyed>();
    for (let i = 0; i < 50; i++) add(tracker, `cold-${i}`, 1);
    for (let i = 0; i < 5; i++) add(tracker, 'hot', 1);
    for (let i = 0; i < 10; i++) for (let key = 0; key < 10; key++) add(tracker, `warm-${key}`, 100 + key);
    add(tracker, 'hot', 1);
    const keys = new HotKeys(tracker).at(0);
    expect(keys).toHaveLength(10);
    expect(keys.every(({ key, connections }) => key.startsWith('warm-') && connections === 10)).toBe(true);
  });

  it('are looked for every 5 s', () => {
    const tracker = new Tracker<Keyed>();
    const hot = new HotKeys(tracker);
    expect(hot.at(0)).toEqual([]);
    add(tracker, 'ada');
    add(tracker, 'ada');
    expect(hot.at(4_999)).toEqual([]);
    expect(hot.at(5_000)).toEqual([{ key: 'ada', connections: 2 }]);
  });
});
