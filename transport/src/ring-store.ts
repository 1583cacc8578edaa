import type { Release, Revision, RingMessage } from '@wscluster/ring';

/** Keeps the last published ring of one cluster for followers that start later and for the next controller. */
export interface RingStore {
  /**
   * The last saved ring; undefined if there is none. Rejects with STORE_UNAVAILABLE, or MESSAGE_INVALID if it is
   * damaged.
   */
  load(): Promise<RingMessage | undefined>;
  /**
   * The stored revision, which is cheap to read; undefined if there is none or it is unreadable. Rejects with
   * STORE_UNAVAILABLE.
   */
  revision(): Promise<Revision | undefined>;
  /**
   * Saves a ring only if it is newer than the stored one; `stale` means that the stored revision is newer or equal and
   * stays. With `after`, `regained` means that the ring was saved, but that the store had lost that revision.
   */
  save(message: RingMessage, after?: Revision): Promise<SaveResult>;
  /**
   * Replaces the release of the stored ring, for followers that hear no heartbeats. Does nothing if the store holds
   * another revision. Rejects with STORE_UNAVAILABLE.
   */
  saveRelease(revision: Revision, release: Release): Promise<void>;
  close(): Promise<void>;
}

export type SaveResult = 'saved' | 'stale' | 'regained';

/** The part of a store that a follower needs. */
export type RingReader = Pick<RingStore, 'load' | 'close'>;
