import { murmur3Pair } from '../hash.ts';
import { SLOTS } from '../ring.ts';
import { negativeLog, surelyDearer } from './cost.ts';

/** A member as the assignment sees it. */
export interface WeightedId {
  readonly ringId: number;
  readonly weight: number;
  /** Connections beyond which it takes no slots, at least 1. Default: no limit. */
  readonly maxConnections?: number | undefined;
}

/** How many candidates are kept for each slot. Few slots need more, and longer lists take memory and time to fill. */
const KEPT = 6;

/** If a slot needs more, its list grows by this factor each time it runs out. */
const GROWTH = 4;

/** Ring ids in ascending order of cost, ties in ascending order of ring id, and their costs. */
interface Ranking {
  readonly ringIds: Uint16Array;
  readonly costs: Float64Array;
}

/**
 * For each slot, the members in order of cost (see pairCost), cheapest first. Only the first few are kept, and they
 * are exact: no omitted member is cheaper than a kept one.
 */
export class Candidates {
  /** The members' ring ids in ascending order, for fast reading. */
  readonly #ringIds: Uint16Array;
  readonly #weights: Float64Array;
  readonly #inverses: Float64Array;
  readonly #total: number;

  /** Scratch space for #gather: indices of members, and the hashes of their pairs with the slot. */
  readonly #found: Uint16Array;
  readonly #hashes: Uint32Array;

  /** As many for each slot; those of slot s start at s * #length. */
  readonly #length: number;
  readonly #kept: Ranking;
  /** Complete rankings, from the first candidate on, of the few slots that needed more. */
  readonly #longer = new Map<number, Ranking>();

  /**
   * Ranks the members, which must be in ascending order of ring id without duplicates, for the first `slots` slots, by
   * default for all.
   */
  constructor(members: readonly WeightedId[], slots: number = SLOTS) {
    this.#ringIds = Uint16Array.from(members, ({ ringId }) => ringId);
    this.#weights = Float64Array.from(members, ({ weight }) => weight);
    this.#inverses = this.#weights.map((weight) => 1 / weight);
    this.#total = this.#weights.reduce((sum, weight) => sum + weight, 0);
    this.#found = new Uint16Array(members.length);
    this.#hashes = new Uint32Array(members.length);
    this.#length = Math.min(KEPT, members.length);
    this.#kept = {
      ringIds: new Uint16Array(slots * this.#length),
      costs: new Float64Array(slots * this.#length),
    };
    for (let slot = 0; slot < slots; slot++) this.#rank(slot, this.#kept, slot * this.#length, this.#length);
  }

  /** The ring id at a position of a slot's order; the position must be below the number of members. */
  ringId(slot: number, position: number): number {
    if (position >= this.#length) return this.#reach(slot, position).ringIds[position] ?? 0;
    return this.#kept.ringIds[slot * this.#length + position] ?? 0;
  }

  /** The cost at that position. */
  cost(slot: number, position: number): number {
    if (position >= this.#length) return this.#reach(slot, position).costs[position] ?? 0;
    return this.#kept.costs[slot * this.#length + position] ?? 0;
  }

  /** A ranking of the slot that is long enough for a position beyond the kept candidates. */
  #reach(slot: number, position: number): Ranking {
    let ranking = this.#longer.get(slot);
    if (ranking === undefined || position >= ranking.ringIds.length) {
      const size = Math.min(this.#ringIds.length, position * GROWTH);
      ranking = { ringIds: new Uint16Array(size), costs: new Float64Array(size) };
      this.#rank(slot, ranking, 0, size);
      this.#longer.set(slot, ranking);
    }
    return ranking;
  }

  /** Writes the slot's `size` cheapest members into a ranking, from `start` on. */
  #rank(slot: number, into: Ranking, start: number, size: number): void {
    // About c * total weight members cost less than c, plus or minus the square root. A guess that is a little high
    // avoids most of the logarithms. It is too low if a few members have most of the weight.
    let guess = size === this.#ringIds.length ? Number.POSITIVE_INFINITY : (size + 3 * Math.sqrt(size)) / this.#total;
    while (this.#rankBelow(guess, slot, into, start, size) < size) guess *= GROWTH;
  }

  /** The same, but only for members that cost less than a limit. Returns how many there are. */
  #rankBelow(limit: number, slot: number, into: Ranking, start: number, size: number): number {
    const { ringIds, costs } = into;
    const found = this.#gather(limit, slot);
    const last = start + size - 1;
    let end = start;
    for (let i = 0; i < found; i++) {
      const member = this.#found[i] ?? 0;
      const cost = negativeLog(this.#hashes[i] ?? 0) / (this.#weights[member] ?? 0);
      // Members come in ascending order of ring id, so on equal costs the one already present goes first.
      if (cost >= limit || (end > last && cost >= (costs[last] ?? 0))) continue;
      let at = end > last ? last : end++;
      for (; at > start && (costs[at - 1] ?? 0) > cost; at--) {
        ringIds[at] = ringIds[at - 1] ?? 0;
        costs[at] = costs[at - 1] ?? 0;
      }
      ringIds[at] = this.#ringIds[member] ?? 0;
      costs[at] = cost;
    }
    return end - start;
  }

  /** Finds the members that may cost less than a limit. A separate loop, because it takes nearly all the time. */
  #gather(limit: number, slot: number): number {
    const ringIds = this.#ringIds;
    const inverses = this.#inverses;
    const found = this.#found;
    const hashes = this.#hashes;
    let count = 0;
    for (let member = 0; member < ringIds.length; member++) {
      const hash = murmur3Pair(slot, ringIds[member] ?? 0);
      if (surelyDearer(hash, inverses[member] ?? 0, limit)) continue;
      found[count] = member;
      hashes[count] = hash;
      count++;
    }
    return count;
  }
}
