import { NO_OWNER, type Ring, reindexed } from '@wscluster/ring';
import { RecentCounts } from '../fleet/recent-counts.ts';
import type { ClusterSpec } from '../spec/schema.ts';
import { HeldTarget, type Known } from './held-target.ts';
import type { Membership } from './membership.ts';
import { desiredOwners, seatsOf } from './target.ts';

/** What the owners of slots depend on, besides the members and the ring. */
export interface Circumstances {
  readonly rebalance: ClusterSpec['rebalance'];
  /** Live connections by slot. */
  readonly connections: Readonly<Uint32Array>;
  readonly known: Known;
  /** Monotonic ms. */
  readonly now: number;
}

/** Indices into the members of a membership, by slot; NO_OWNER: nobody. */
export interface Owners {
  /** Who owns each slot on the ring. */
  readonly current: Uint16Array;
  /** Who owns it in the end. */
  readonly desired: Uint16Array;
}

/**
 * Where the ring is to go. It depends on what was before: the target that is held, the slots that lost nodes had, and
 * the connections of late.
 */
export class RingTarget {
  readonly #held: HeldTarget;
  readonly #counts: RecentCounts;

  constructor(held = new HeldTarget(), counts = new RecentCounts()) {
    this.#held = held;
    this.#counts = counts;
  }

  /** Keeps the connections of late. Call it every second. */
  note(connections: () => Readonly<Uint32Array>, now: number): void {
    this.#counts.note(connections, now);
  }

  owners(membership: Membership, ring: Ring, { rebalance, connections, known, now }: Circumstances): Owners {
    const { members, vacancies } = membership;
    const { tolerance, strategy, lazy } = rebalance;
    const current = reindexed(ring.table, ring.members, members);
    const seats = seatsOf(membership);
    const target = this.#held.of({
      ...{ seats, ring, known, now },
      vacant: new Set(vacancies.map(({ ringId }) => ringId)),
      loads: () => ({
        connections: this.#counts.withLost(connections, (slot) => current[slot] === NO_OWNER, now),
        tolerance,
      }),
      lazyMs: strategy === 'lazy' ? lazy.maxSeconds * 1000 : 0,
    });
    return { current, desired: desiredOwners(target, seats, current) };
  }

  /** With the same past, and a future of its own: for dry runs. */
  copy(): RingTarget {
    return new RingTarget(this.#held.copy(), this.#counts.copy());
  }
}
