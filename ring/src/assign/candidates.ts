import { murmur3Pair } from '../hash.ts';
import { SLOTS } from '../ring.ts';
import { negativeLog, surelyDearer } from './cost.ts';

/** A member as the assignment sees it. */
export interface WeightedId {
  readonly ringId: number;
  readonly weight: number;
}

/** How many candidates are kept for each slot. Few slots need more, and longer lists take memory and time to fill. */
const KEPT = 16;

/** If a slot needs more, its list grows by this factor each time it runs out. */
const GROWTH = 4;

/** Ring ids in ascending order of cost, ties in ascending order of ring id, and their costs. */
interface Ranking {
  readonly ringIds: Uint16Array;
  readonly costs: Float64Array;
}

/**
 * For each slot, the members in order of cost (see pairCost), cheapest first. Only the first few are kept, and they
 * are exact: no omitted member is cheaper than a kept one. Adding, removing or reweighting a member therefore touches
 * only its own entries, and the result is the same as from scratch.
 */
export class Candidates {
  #members: readonly WeightedId[] = [];
  /** The members' ring ids in the same order, for fast reading. */
  #ringIds = new Uint16Array();
  #weights = new Float64Array();
  #inverses = new Float64Array();
  #total = 0;

  /** Scratch space for #gather: indices of members, and the hashes of their pairs with the slot. */
  #found = new Uint16Array();
  #hashes = new Uint32Array();

  readonly #slots: number;
  /** The candidates of slot s start at s * KEPT; there are #lengths[s] of them. */
  readonly #kept: Ranking;
  readonly #lengths: Uint8Array;
  /** Complete rankings, from the first candidate on, of the few slots that needed more. */
  readonly #longer = new Map<number, Ranking>();

  /** Ranks the members for the first `slots` slots, by default for all. */
  constructor(slots: number = SLOTS) {
    this.#slots = slots;
    this.#kept = { ringIds: new Uint16Array(slots * KEPT), costs: new Float64Array(slots * KEPT) };
    this.#lengths = new Uint8Array(slots);
  }

  /** The ring id at a position of a slot's order; the position must be below the number of members. */
  ringId(slot: number, position: number): number {
    if (position >= KEPT) return this.#reach(slot, position).ringIds[position] ?? 0;
    if (position >= (this.#lengths[slot] ?? 0)) this.#refill(slot);
    return this.#kept.ringIds[slot * KEPT + position] ?? 0;
  }

  /** The cost at a position that ringId was just called with. */
  cost(slot: number, position: number): number {
    if (position >= KEPT) return this.#reach(slot, position).costs[position] ?? 0;
    return this.#kept.costs[slot * KEPT + position] ?? 0;
  }

  /** Replaces the members. They must be in ascending order of ring id, without duplicates. */
  update(members: readonly WeightedId[]): void {
    const before = new Map(this.#members.map(({ ringId, weight }) => [ringId, weight]));
    const now = new Map(members.map(({ ringId, weight }) => [ringId, weight]));
    const leaving = this.#members.filter(({ ringId, weight }) => now.get(ringId) !== weight);
    const coming = members.filter(({ ringId, weight }) => before.get(ringId) !== weight);
    if (leaving.length + coming.length === 0) return;

    this.#members = members;
    this.#ringIds = Uint16Array.from(members, ({ ringId }) => ringId);
    this.#weights = Float64Array.from(members, ({ weight }) => weight);
    this.#inverses = this.#weights.map((weight) => 1 / weight);
    this.#total = this.#weights.reduce((sum, weight) => sum + weight, 0);
    this.#found = new Uint16Array(members.length);
    this.#hashes = new Uint32Array(members.length);
    this.#longer.clear();
    if (this.#isFillQuicker(leaving.length, coming.length)) this.#fill();
    else {
      if (leaving.length > 0) this.#strike(new Set(leaving.map(({ ringId }) => ringId)));
      let known = before.size - leaving.length;
      for (const member of coming) this.#enter(member, known++);
    }
  }

  /**
   * Entering one member takes about as long as filling in four members from scratch, or one as long as no list omits
   * any: a fill looks at few of many members, but at all of few.
   */
  #isFillQuicker(leaving: number, coming: number): boolean {
    const count = this.#members.length;
    return count > KEPT ? (leaving + coming) * 4 > count : coming >= count;
  }

  #fill(): void {
    for (let slot = 0; slot < this.#slots; slot++) this.#refill(slot);
  }

  #refill(slot: number): void {
    const length = Math.min(KEPT, this.#members.length);
    this.#rank(slot, this.#kept, slot * KEPT, length);
    this.#lengths[slot] = length;
  }

  /** Removes members. The lists stay exact but get shorter; a list is refilled when it runs out. */
  #strike(leaving: ReadonlySet<number>): void {
    const { ringIds, costs } = this.#kept;
    const leaves = new Uint8Array(0x1_0000);
    for (const ringId of leaving) leaves[ringId] = 1;
    for (let slot = 0; slot < this.#slots; slot++) {
      const start = slot * KEPT;
      const end = start + (this.#lengths[slot] ?? 0);
      let to = start;
      for (let from = start; from < end; from++) {
        const ringId = ringIds[from] ?? 0;
        if (leaves[ringId] === 1) continue;
        ringIds[to] = ringId;
        costs[to] = costs[from] ?? 0;
        to++;
      }
      this.#lengths[slot] = to - start;
    }
  }

  /** Inserts a member into the lists that it belongs in, which know `known` other members. */
  #enter({ ringId, weight }: WeightedId, known: number): void {
    const { ringIds, costs } = this.#kept;
    const inverse = 1 / weight;
    for (let slot = 0; slot < this.#slots; slot++) {
      const start = slot * KEPT;
      const length = this.#lengths[slot] ?? 0;
      const last = start + length - 1;
      const full = length === KEPT;
      // A list may only grow at its end if it holds all other members; otherwise it may have omitted a cheaper one.
      const limit = length === known && !full ? Number.POSITIVE_INFINITY : length === 0 ? 0 : (costs[last] ?? 0);
      const hash = murmur3Pair(slot, ringId);
      if (surelyDearer(hash, inverse, limit)) continue;
      const cost = negativeLog(hash) / weight;
      if (cost > limit || (cost === limit && ringId > (ringIds[last] ?? 0))) continue;
      let at = full ? last : last + 1;
      for (; at > start; at--) {
        const other = costs[at - 1] ?? 0;
        if (other < cost || (other === cost && (ringIds[at - 1] ?? 0) < ringId)) break;
        ringIds[at] = ringIds[at - 1] ?? 0;
        costs[at] = other;
      }
      ringIds[at] = ringId;
      costs[at] = cost;
      if (!full) this.#lengths[slot] = length + 1;
    }
  }

  /** A ranking of the slot that is long enough for a position beyond the kept candidates. */
  #reach(slot: number, position: number): Ranking {
    let ranking = this.#longer.get(slot);
    if (ranking === undefined || position >= ranking.ringIds.length) {
      const size = Math.min(this.#members.length, position * GROWTH);
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
    let guess = size === this.#members.length ? Number.POSITIVE_INFINITY : (size + 3 * Math.sqrt(size)) / this.#total;
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
