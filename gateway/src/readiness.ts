import type { RingUpdates } from '@wscluster/transport';
import type { CurrentTable } from './table/current-table.ts';

/** Whether load balancers should send clients to this gateway. */
export class Readiness {
  readonly #current: Pick<CurrentTable, 'table'>;
  readonly #updates: Pick<RingUpdates, 'awaited'>;
  #stopping = false;

  constructor(current: Pick<CurrentTable, 'table'>, updates: Pick<RingUpdates, 'awaited'>) {
    this.#current = current;
    this.#updates = updates;
  }

  /** Why the gateway is not ready; undefined if it is. */
  get problem(): string | undefined {
    if (this.#stopping) return 'stopping';
    return this.#current.table === undefined ? `no ring yet: waiting for ${this.#updates.awaited}` : undefined;
  }

  /** From now on the gateway is not ready. */
  stop(): void {
    this.#stopping = true;
  }
}
