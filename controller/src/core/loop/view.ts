import type { Release, Ring, Step } from '@wscluster/ring';
import type { Fleet } from '../fleet/fleet.ts';
import type { Membership } from '../membership/membership.ts';
import type { Workload } from '../ports/workload-source.ts';
import type { Convergence } from '../rollout/convergence.ts';
import type { ClusterSpec } from '../spec/schema.ts';
import type { Condition } from './status/conditions.ts';
import type { Link } from './status/links.ts';

/** A cluster at one moment, for all readers: API, metrics, operator, dry run. Immutable, and replaced as a whole. */
export interface ClusterView {
  readonly spec: ClusterSpec;
  /** When it was like this, of what was last known while no leader can be asked; undefined: it is the present state. */
  readonly knownAt?: Date;
  /** Counts changes of the spec. */
  readonly generation: number;
  /** The last published ring. */
  readonly ring: Ring;
  readonly release: Release;
  /** What is left to move after `ring`. */
  readonly remaining: Step['remaining'];
  readonly membership: Membership;
  /** The last complete listing. */
  readonly listing: readonly Workload[];
  readonly fleet: Fleet;
  readonly conditions: readonly Condition[];
  readonly links: readonly Link[];
  /** The last change of owners that is complete. */
  readonly convergence: Convergence | undefined;
}
