import { compareRevisions, type Revision, type RingMessage } from '@wscluster/ring';
import type { RingStore } from '@wscluster/transport';
import { unlessDamaged } from './unless-damaged.ts';

/** The newest ring that this process has seen, as leader or standby. */
export interface KeptRing {
  /** Undefined until one was seen. */
  readonly newest: RingMessage | undefined;
  /**
   * The same store, but it loads the newest ring that was seen, unless it holds a newer one itself. So a store that was
   * emptied or restored from a backup does not turn the ring back, even if no gateway can be asked.
   */
  wrap(store: RingStore): RingStore;
  /** Takes the ring of a store if it is newer, and saves the newest there if the store has lost it. */
  keep(store: Pick<RingStore, 'revision' | 'load' | 'save'>): Promise<void>;
}

export function keptRing(): KeptRing {
  let newest: RingMessage | undefined;
  const order = (revision: Revision) => (newest === undefined ? 1 : compareRevisions(revision, newest.revision));
  const see = (message: RingMessage | undefined) => {
    if (message !== undefined && order(message.revision) >= 0) newest = message;
  };
  return {
    get newest() {
      return newest;
    },
    wrap: (store) => ({
      async load() {
        see(await unlessDamaged(store.load(), () => newest !== undefined));
        return newest;
      },
      async save(message, after) {
        const saving = store.save(message, after);
        // Even if it fails: gateways get the ring over the bus.
        see(message);
        return await saving;
      },
      revision: () => store.revision(),
      saveRelease: (revision, release) => store.saveRelease(revision, release),
      close: () => store.close(),
    }),
    async keep(store) {
      const revision = await store.revision();
      if (revision !== undefined && order(revision) > 0) see(await store.load());
      else if (newest !== undefined && (revision === undefined || order(revision) < 0)) await store.save(newest);
    },
  };
}
