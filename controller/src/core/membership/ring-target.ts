import { type Ring, reindexed } from '@wscluster/ring';
import type { MeasuredLoad } from '../fleet/load-meter.ts';
import { RecentCounts } from '../fleet/recent-counts.ts';
import type { ClusterSpec } from '../spec/schema.ts';
import type { Balance } from './balance.ts';
import { Balancer } from './balancer.ts';
import { HeldTarget, type Known } from './held-target.ts';
import { isMeasured, measuredOf } from './measured.ts';
import type { Membership } from './membership.ts';
import { desiredOwners, ringIdsOf, seatsOf } from './target.ts';

/** What the owners of slots depend on, besides the members and the ring. */
export interface Circumstances {
  readonly rebalance: ClusterSpec['rebalance'];
  /** Live connections by slot. */
  readonly connections: Readonly<Uint32Array>;
  readonly known: Known;
  /** Undefined if it is not asked for, or not known. */
  readonly load: MeasuredLoad | undefined;
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
  readonly #balancer = new Balancer();

  constructor(held = new HeldTarget(), counts = new RecentCounts()) {
    this.#held = held;
    this.#counts = counts;
  }

  /** Keeps the connections of late. Call it every second. */
  note(connections: () => Readonly<Uint32Array>, now: number): void {
    this.#counts.note(connections, now);
  }

  owners(membership: Membership, ring: Ring, { rebalance, connections, load, known, now }: Circumstances): Owners {
    const { members, vacancies } = membership;
    const { strategy, lazy } = rebalance;
    const current = reindexed(ring.table, ring.members, members);
    const seats = seatsOf(membership);
    const target = this.#held.of({
      ...{ seats, ring, known, now },
      vacant: new Set(vacancies.map(({ ringId }) => ringId)),
      measured: () => measuredOf(rebalance, this.#counts.withLost(connections, current, now), load),
      lazyMs: strategy === 'lazy' ? lazy.maxSeconds * 1000 : 0,
    });
    return { current, desired: desiredOwners(target, seats, current) };
  }

  /**
   * Goes to a table that is better balanced, if that is due. Call it after `owners`, with the same. `calm`: the ring is
   * where it is to be, nothing moves, and something may.
   */
  balance(
    membership: Membership,
    ring: Ring,
    { rebalance, connections, load, known, now }: Circumstances,
    calm: boolean,
  ): Balance | undefined {
    const table = ringIdsOf(ring);
    const mayMove = !rebalance.paused && rebalance.strategy === 'even';
    const balance = this.#balancer.next({
      ...{ table, now, seats: seatsOf(membership), measured: measuredOf(rebalance, connections, load) },
      calm:
        calm &&
        mayMove &&
        isMeasured(rebalance, load) &&
        known === 'all' &&
        isStaffed(membership) &&
        this.#held.isFinal(table),
      steadyMs: rebalance.halfLifeSeconds * 1000,
      perHour: rebalance.maxMovesPerHour,
    });
    if (balance !== undefined) this.#held.replace(balance.table);
    return balance;
  }

  /** When connections may move for balance alone, monotonic ms; undefined while there is no need. */
  get balanceAt(): number | undefined {
    return this.#balancer.dueAt;
  }

  /** With the same past, and a future of its own: for dry runs. */
  copy(): RingTarget {
    return new RingTarget(this.#held.copy(), this.#counts.copy());
  }
}

/** Every place has its node, and each of them is ready. */
function isStaffed({ members, vacancies, held, nextChangeAt }: Membership): boolean {
  const isWhole = vacancies.length === 0 && held.length === 0 && nextChangeAt === undefined;
  return isWhole && members.every(({ state }) => state === 'ready');
}
