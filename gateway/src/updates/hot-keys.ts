import type { HotKey } from '@wscluster/ring';
import type { Keyed } from '../admission/check-room.ts';
import type { Tracker } from '../move/tracker.ts';

const MOST_KEYS = 10;
/** A key with one connection is not hot, even if there are few others. */
const LEAST_CONNECTIONS = 2;
/** With many connections a scan takes milliseconds, and its readers think in seconds. */
const SCAN_MS = 5_000;

/** The keys with the most connections to this gateway, most first. */
export class HotKeys<T extends Keyed> {
  readonly #tracker: Tracker<T>;
  #keys: HotKey[] = [];
  #scannedAt = Number.NEGATIVE_INFINITY;

  constructor(tracker: Tracker<T>) {
    this.#tracker = tracker;
  }

  /** The hot keys as of at most 5 s ago. `now`: monotonic ms. */
  at(now: number): readonly HotKey[] {
    if (now - this.#scannedAt >= SCAN_MS) {
      this.#scannedAt = now;
      this.#keys = scan(this.#tracker);
    }
    return this.#keys;
  }
}

/**
 * A key has at most as many connections as its slot, so the scan starts with the fullest slots and stops when no other
 * slot can hold a hotter key.
 */
function scan<T extends Keyed>(tracker: Tracker<T>): HotKey[] {
  const counts = tracker.countsBySlot;
  const slots: number[] = [];
  for (let slot = 0; slot < counts.length; slot++) if ((counts[slot] as number) >= LEAST_CONNECTIONS) slots.push(slot);
  slots.sort((a, b) => (counts[b] as number) - (counts[a] as number));

  let hottest: HotKey[] = [];
  for (const slot of slots) {
    if (hottest.length === MOST_KEYS && (counts[slot] as number) <= (hottest.at(-1)?.connections ?? 0)) break;
    const byKey = new Map<string, number>();
    for (let entry = tracker.first(slot); entry !== undefined; entry = entry.next as T | undefined)
      byKey.set(entry.key, (byKey.get(entry.key) ?? 0) + 1);
    byKey.delete(''); // no key
    for (const [key, connections] of byKey) if (connections >= LEAST_CONNECTIONS) hottest.push({ key, connections });
    hottest = hottest.sort((a, b) => b.connections - a.connections).slice(0, MOST_KEYS);
  }
  return hottest;
}
