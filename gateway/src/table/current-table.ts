import { compareRevisions, type Ring, type RingMessage, WsClusterError } from '@wscluster/ring';
import { Listeners } from '@wscluster/service';
import type { RingHolder, TakeOptions } from '@wscluster/transport';
import { nextTable, type Owner, ownerOfSlot, type Table } from './table.ts';

/** Holds the table that this gateway routes by, and replaces it as a whole. */
export class CurrentTable implements RingHolder {
  #table: Table | undefined;
  readonly #listeners = new Listeners<[table: Table]>();

  /** Undefined until the first ring arrives. */
  get table(): Table | undefined {
    return this.#table;
  }

  /** Calls `listener` with each new table, as soon as it is in use. Returns a function that ends this. */
  onTable(listener: (table: Table) => void): () => void {
    return this.#listeners.add(listener);
  }

  take(ring: Ring, settings: Pick<RingMessage, 'settings' | 'settingsDigest'>, options: TakeOptions): void {
    this.apply(ring, settings, options);
  }

  /**
   * Routes by a ring from now on. Throws REVISION_STALE, and changes nothing, if the ring is older than the current
   * one, or has the same revision without `replace`. `now`: monotonic ms.
   */
  apply(
    ring: Ring,
    message: Pick<RingMessage, 'settings' | 'settingsDigest'>,
    { replace = false, moved, now = performance.now() }: Partial<TakeOptions> & { now?: number } = {},
  ): Table {
    const held = this.#table;
    const order = held === undefined ? 1 : compareRevisions(ring.revision, held.ring.revision);
    if (order < 0 || (order === 0 && !replace))
      throw new WsClusterError('REVISION_STALE', 'the ring is not newer than the current one');
    const table = nextTable(held, ring, message, { moved, now });
    this.#table = table;
    this.#listeners.call(table);
    return table;
  }

  /**
   * The owner of a slot as soon as it differs from the given node: at once, or with a new table within `ms`, else
   * undefined.
   */
  otherOwner(slot: number, nodeId: string, ms: number): Promise<Owner | undefined> {
    return new Promise((resolve) => {
      const settle = (owner: Owner | undefined) => {
        clearTimeout(timer);
        stop();
        resolve(owner);
      };
      const look = (table: Table | undefined) => {
        const owner = table === undefined ? undefined : ownerOfSlot(table, slot);
        if (owner !== undefined && owner.nodeId !== nodeId) settle(owner);
      };
      const timer = setTimeout(() => settle(undefined), ms);
      const stop = this.onTable(look);
      look(this.#table);
    });
  }
}
