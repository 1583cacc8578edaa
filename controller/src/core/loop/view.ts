import type { Release, Ring, Step } from '@wscluster/ring';
import type { Fleet } from '../fleet/fleet.ts';
import type { Membership } from '../membership/membership.ts';
import type { Workload } from '../ports/workload-source.ts';
import type { Convergence } from '../rollout/convergence.ts';
import type { ClusterSpec } from '../spec/schema.ts';
import type { Condition } from './status/conditions.ts';
import type { Link } from './status/links.ts';

/** A cluster at one moment, for all who read it: API, metrics, operator, dry run. Immutable; swapped whole. */
export interface ClusterView {
  readonly spec: ClusterSpec;
  /** Counts changes of the spec. */
  readonly generation: number;
  /** As it was published last. */
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
  /** Of the last change of owners that has come to its end. */
  readonly convergence: Convergence | undefined;
}
