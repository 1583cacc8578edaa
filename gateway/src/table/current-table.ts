import { compareRevisions, type Ring, type RingMessage, WsClusterError } from '@wscluster/ring';
import { nextTable, type Table } from './table.ts';

/** Holds the table by which this gateway routes, and swaps it whole. */
export class CurrentTable {
  #table: Table | undefined;
  readonly #listeners: Array<(table: Table) => void> = [];

  /** undefined until the first ring is there. */
  get table(): Table | undefined {
    return this.#table;
  }

  /** Called right after each swap, within it. Must not throw. */
  onSwap(listener: (table: Table) => void): void {
    this.#listeners.push(listener);
  }

  /**
   * Routes by a ring from now on. Throws REVISION_STALE, and changes nothing, when it is older than the one held, or
   * has the same revision. `now`: monotonic ms.
   */
  apply(ring: Ring, message: Pick<RingMessage, 'settings' | 'settingsDigest'>, now = performance.now()): Table {
    const held = this.#table;
    if (held !== undefined && compareRevisions(ring.revision, held.ring.revision) <= 0)
      throw new WsClusterError('REVISION_STALE', 'the ring is not newer than the one held');
    const table = nextTable(held, ring, message.settings, message.settingsDigest, now);
    this.#table = table;
    for (const listener of this.#listeners) listener(table);
    return table;
  }
}
