import type { Draft } from './draft.ts';
import type { Shares } from './shares.ts';
import { Sizes } from './sizes.ts';

/** Two slots that change places: `large` goes from `from` to `to`, `small` the other way. */
interface Swap {
  readonly from: number;
  readonly to: number;
  readonly large: number;
  readonly small: number;
  /** Connections that have to move for it. */
  readonly cost: number;
  /** Connections, of those that were to go, that are gone. */
  readonly gain: number;
}

export interface SwapInput {
  readonly draft: Draft;
  readonly shares: Shares;
  /** Members that take slots. */
  readonly takers: readonly number[];
  /** Takers that had no slots before. */
  readonly fresh: ReadonlySet<number>;
  /** Connections that may move beside those that fresh takers need. */
  readonly budget: number;
}

/**
 * Brings the connections of takers up to the fewest that they may have, and those of all members down to the most,
 * within the budget, by swapping slots with many connections against slots with few. All keep their number of slots.
 */
export function swapSlots({ draft, shares, takers, fresh, budget }: SwapInput): void {
  const swaps = new Swaps(draft, shares);
  const members = Array.from({ length: draft.members }, (_, member) => member);
  const excess = (member: number) => (draft.load[member] as number) - (shares.high[member] as number);
  const lack = (member: number) => (shares.low[member] as number) - (draft.load[member] as number);
  const lacking = () => takers.filter((taker) => lack(taker) > 0);
  let left = budget;
  /** False if there is no such swap, or no budget for it. */
  const make = (swap: Swap | undefined): boolean => {
    if (swap === undefined) return false;
    const cost = fresh.has(swap.to) ? 0 : swap.cost;
    if (cost > left) return false;
    left -= cost;
    swaps.make(swap);
    return true;
  };
  for (const from of members.filter((member) => excess(member) > 0).sort((a, b) => excess(b) - excess(a) || a - b)) {
    // A taker that lacks connections comes first, since it needs them anyway.
    const best = () => swaps.best([from], lacking(), excess(from)) ?? swaps.best([from], members, excess(from));
    while (excess(from) > 0 && make(best()));
  }
  for (const to of lacking()) while (lack(to) > 0 && make(swaps.best(members, [to], lack(to))));
}

class Swaps {
  readonly #draft: Draft;
  readonly #shares: Shares;
  #sizes: Sizes | undefined;
  /** The slots of the members that have swapped, in the order of Sizes. */
  readonly #swapped = new Map<number, number[]>();

  constructor(draft: Draft, shares: Shares) {
    this.#draft = draft;
    this.#shares = shares;
  }

  /** The swap that moves the fewest connections for each one that it gains; undefined if none gains any. */
  best(sources: readonly number[], targets: readonly number[], want: number): Swap | undefined {
    let best: Swap | undefined;
    for (const from of sources)
      for (const to of targets) {
        const swap = from === to ? undefined : this.#between(from, to, want);
        if (swap !== undefined && (best === undefined || this.#isBetter(swap, best))) best = swap;
      }
    return best;
  }

  make({ from, to, large, small }: Swap): void {
    const [giving, taking] = [this.#own(from), this.#own(to)];
    giving.splice(giving.indexOf(large), 1);
    taking.splice(taking.indexOf(small), 1);
    this.#draft.move(large, to);
    this.#draft.move(small, from);
    giving.splice(this.#place(giving, small), 0, small);
    taking.splice(this.#place(taking, large), 0, large);
  }

  #between(from: number, to: number, want: number): Swap | undefined {
    const { low, high } = this.#shares;
    const { load, size: sizeOf } = this.#draft;
    const spare = (load[from] as number) - (low[from] as number);
    const room = Math.min((high[to] as number) - (load[to] as number), spare);
    const taking = this.#slotsOf(to);
    if (room <= 0 || taking.length === 0) return undefined;
    const small = taking[0] as number;
    const size = sizeOf[small] as number;
    const giving = this.#slotsOf(from);
    const sizeAt = (at: number) => sizeOf[giving[at] as number] as number;
    // The smallest that is enough, or else the largest that there is room for; of equal ones the first.
    let at = this.#firstOf(giving, size + Math.min(want, room));
    if (at === giving.length || sizeAt(at) > size + room) {
      const beyond = this.#firstOf(giving, size + room + 1);
      if (beyond === 0) return undefined;
      at = this.#firstOf(giving, sizeAt(beyond - 1));
    }
    const large = giving[at] as number;
    const gain = Math.min(want, sizeAt(at) - size);
    if (gain <= 0 || !this.#bears(to, large, small)) return undefined;
    return { from, to, large, small, gain, cost: this.#draft.costOf(large) + this.#draft.costOf(small) };
  }

  /** Whether a member may have the connections of `large` in place of those of `small`. */
  #bears(member: number, large: number, small: number): boolean {
    const { clients, connections } = this.#draft;
    const more = (connections[large] as number) - (connections[small] as number);
    return more <= 0 || (clients[member] as number) + more <= (this.#shares.limits[member] as number);
  }

  #isBetter(one: Swap, other: Swap): boolean {
    const [a, b] = [one.cost * other.gain, other.cost * one.gain];
    if (a !== b) return a < b;
    if (one.gain !== other.gain) return one.gain > other.gain;
    return this.#distance(one) > this.#distance(other);
  }

  /** How far apart the two members are. */
  #distance({ from, to }: Swap): number {
    const { high } = this.#shares;
    const { load } = this.#draft;
    return (load[from] as number) - (high[from] as number) + (high[to] as number) - (load[to] as number);
  }

  #slotsOf(member: number): ArrayLike<number> {
    this.#sizes ??= new Sizes(this.#draft);
    return this.#swapped.get(member) ?? this.#sizes.of(member);
  }

  /** The same, to be changed. */
  #own(member: number): number[] {
    const slots = this.#swapped.get(member) ?? Array.from(this.#slotsOf(member));
    this.#swapped.set(member, slots);
    return slots;
  }

  /** The position of the first slot with at least so many connections. */
  #firstOf(slots: ArrayLike<number>, size: number): number {
    let [from, to] = [0, slots.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((this.#draft.size[slots[middle] as number] as number) < size) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** Where a slot belongs: those that move anyway come first among equal ones. */
  #place(slots: ArrayLike<number>, slot: number): number {
    const size = this.#draft.size[slot] as number;
    return this.#draft.costOf(slot) === 0 ? this.#firstOf(slots, size) : this.#firstOf(slots, size + 1);
  }
}
