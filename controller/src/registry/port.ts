import type { Member, Revision } from '@wscluster/ring';

/** Where other services look the nodes up (Nacos). Runs beside the rollout: slow or absent, it never holds up a ring. */
export interface Registry {
  /** Makes the registry's instances of this cluster those of `members`, touching no other. */
  sync(members: readonly Member[], revision: Revision): Promise<void>;
  /** Removes all instances of this cluster. */
  clear(): Promise<void>;
  close(): Promise<void>;
}
