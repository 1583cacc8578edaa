import { expect, it } from 'vitest';
import type { LiveConnection } from '../move/live-connection.ts';
import { Tracker } from '../move/tracker.ts';
import { HotSlots } from './hot-slots.ts';

/** The part of a connection that is looked at. */
const connection = (slot: number, key: string, relayedBytes: number) => {
  const entry = { slot, key, relayedBytes, nodeId: 'a', next: undefined, previous: undefined };
  return entry as Partial<LiveConnection> as LiveConnection;
};

it('names the keys on hot slots by what their connections have relayed, every 5 s', () => {
  const tracker = new Tracker<LiveConnection>();
  for (const [key, bytes] of [
    ['x', 60],
    ['y', 100],
    ['x', 60],
    ['', 900],
    ['z', 5],
    ['w', 7],
  ] as const)
    tracker.add(connection(7, key, bytes));
  const load = { hottest: [7, 8] };
  const hot = new HotSlots(tracker, load);
  expect(hot.at(0)).toEqual([{ slot: 7, keys: ['x', 'y', 'w'] }]);
  load.hottest = [];
  expect(hot.at(4_999)).toHaveLength(1);
  expect(hot.at(5_000)).toEqual([]);
});
