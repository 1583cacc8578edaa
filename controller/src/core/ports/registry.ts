import type { Member, Revision } from '@wscluster/ring';

/**
 * Where other services look up the nodes (Nacos). It runs beside the rollout: if it is slow or down, no ring is
 * delayed.
 */
export interface Registry {
  /**
   * Makes the registry's instances of this cluster equal to `members`, and touches no others. Resolves when the
   * registry shows them. Rejects with REGISTRY_UNAVAILABLE, or with SHUTTING_DOWN if it is closed meanwhile. One call
   * at a time.
   */
  sync(members: readonly Member[], revision: Revision): Promise<void>;
  /** Removes all instances of this cluster, and what was created for them. */
  clear(): Promise<void>;
  /** Registered instances stay. */
  close(): Promise<void>;
}
