import type { Revision, RingMessage } from '@wscluster/ring';

/** Keeps the last published ring of one cluster for followers that start later and for the next controller. */
export interface RingStore {
  /** The last saved ring; undefined when none was. Rejects with STORE_UNAVAILABLE, or MESSAGE_INVALID when damaged. */
  load(): Promise<RingMessage | undefined>;
  /**
   * The revision that is held, at little cost; undefined when none is, or none can be made out. Rejects with
   * STORE_UNAVAILABLE.
   */
  revision(): Promise<Revision | undefined>;
  /**
   * Saves only what is newer than the stored revision: `stale` means that a newer or equal one is held, untouched. With
   * `after`, `regained` means that it was saved, but that the store held neither that revision nor a newer one any more.
   */
  save(message: RingMessage, after?: Revision): Promise<SaveResult>;
  close(): Promise<void>;
}

export type SaveResult = 'saved' | 'stale' | 'regained';

/** What a follower needs of a store. */
export type RingReader = Pick<RingStore, 'load' | 'close'>;
