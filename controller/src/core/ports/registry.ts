import type { Member, Revision } from '@wscluster/ring';

/** Where other services look the nodes up (Nacos). Runs beside the rollout: slow or absent, it never holds up a ring. */
export interface Registry {
  /**
   * Makes the registry's instances of this cluster those of `members`, touching no other; resolves when the registry shows
   * them. Rejects with REGISTRY_UNAVAILABLE, with SHUTTING_DOWN when it is closed meanwhile. Never two calls at once.
   */
  sync(members: readonly Member[], revision: Revision): Promise<void>;
  /** Removes all instances of this cluster, and what it made for them. */
  clear(): Promise<void>;
  /** What is registered stays. */
  close(): Promise<void>;
}
