import type { HotSlotKeys } from '@wscluster/ring';
import type { LiveConnection } from '../move/live-connection.ts';
import type { Tracker } from '../move/tracker.ts';
import type { SlotLoad } from '../relay/slot-load.ts';

const MOST_KEYS = 3;
/** Its readers think in seconds. */
const SCAN_MS = 5_000;

/** The slots with most of the load of this gateway, and their keys. */
export class HotSlots {
  readonly #tracker: Pick<Tracker<LiveConnection>, 'first'>;
  readonly #load: Pick<SlotLoad, 'hottest'>;
  #slots: readonly HotSlotKeys[] = [];
  #scannedAt = Number.NEGATIVE_INFINITY;

  constructor(tracker: Pick<Tracker<LiveConnection>, 'first'>, load: Pick<SlotLoad, 'hottest'>) {
    this.#tracker = tracker;
    this.#load = load;
  }

  /** As of at most 5 s ago. `now`: monotonic ms. */
  at(now: number): readonly HotSlotKeys[] {
    if (now - this.#scannedAt >= SCAN_MS) {
      this.#scannedAt = now;
      this.#slots = this.#load.hottest
        .map((slot) => ({ slot, keys: this.#keysOf(slot) }))
        .filter(({ keys }) => keys.length > 0);
    }
    return this.#slots;
  }

  /** Those whose connections have relayed the most bytes, the most first. */
  #keysOf(slot: number): string[] {
    const bytes = new Map<string, number>();
    for (let entry = this.#tracker.first(slot); entry !== undefined; entry = entry.next as LiveConnection | undefined)
      bytes.set(entry.key, (bytes.get(entry.key) ?? 0) + entry.relayedBytes);
    bytes.delete(''); // no key
    return [...bytes]
      .sort(([, a], [, b]) => b - a)
      .slice(0, MOST_KEYS)
      .map(([key]) => key);
  }
}
