import { murmur3Pair } from '../hash.ts';
import { type Draft, NOBODY } from './draft.ts';
import type { Shares } from './shares.ts';
import { shedLoads } from './shed.ts';
import { Sizes } from './sizes.ts';

export interface GiveInput {
  readonly draft: Draft;
  readonly shares: Shares;
  readonly ringIds: readonly number[];
  /** Members that hold too few slots. */
  readonly takers: readonly number[];
  /** Only slots without connections are given. */
  readonly onlyEmpty: boolean;
  /** Of slots with connections only those are given that takers had before. */
  readonly onlyBack: boolean;
}

/**
 * Members that hold too many slots give up as many as they hold too many. Which ones: with as many connections as the
 * member has above its share, or as takers lack, and otherwise those with the fewest. Among slots with equally many
 * connections those go that a taker had before it was lost, and then those that rendezvous hashing would rather have
 * at a taker. Afterwards nobody owns them.
 */
export function giveSlots({ draft, shares, ringIds, takers, onlyEmpty, onlyBack }: GiveInput): void {
  const surplus = (member: number) => (draft.held[member] as number) - (shares.slots[member] as number);
  const givers = ringIds.map((_, member) => member).filter((member) => surplus(member) > 0);
  if (givers.length === 0) return;
  const sizes = new Sizes(draft, (member) => surplus(member) > 0);
  const fewest = (giver: number) =>
    sizes
      .of(giver)
      .subarray(0, surplus(giver))
      .reduce((sum, slot) => sum + (draft.size[slot] as number), 0);
  const sheds = onlyEmpty ? undefined : shedLoads({ draft, shares, givers, takers, onlyBack, fewest });
  /** Connections that go beyond what was planned so far. */
  let ahead = 0;
  // What takers have no room for is swapped later.
  let room = takers.reduce(
    (sum, taker) => sum + Math.max(0, (shares.high[taker] as number) - (draft.load[taker] as number)),
    -draft.unowned,
  );
  // A slot that is too much for anybody would only take the trouble elsewhere.
  const bearable = shares.high.reduce((most, high) => Math.max(most, high), 0);
  for (const { giver, least, planned } of sheds ?? givers.map((giver) => ({ giver, least: 0, planned: 0 }))) {
    const own = onlyBack ? emptyOrBack(surplus(giver), sizes.of(giver), draft, takers) : sizes.of(giver);
    const slots = atMost(bearable, surplus(giver), own, draft);
    const wanted = Math.min(room, Math.max(least, planned - ahead));
    const picked = onlyEmpty
      ? slots.subarray(0, Math.min(surplus(giver), emptyIn(slots, draft)))
      : pick(slots, surplus(giver), wanted, draft);
    for (const slot of chosen(picked, slots, draft, attraction(draft, ringIds, takers))) {
      ahead += draft.size[slot] as number;
      room -= draft.size[slot] as number;
      draft.move(slot, NOBODY);
    }
    // What it still has too much is swapped later.
    if (!onlyBack) ahead += Math.max(0, (draft.load[giver] as number) - (shares.high[giver] as number));
    ahead -= planned;
  }
}

/** The slots with at most so many connections, and larger ones only as long as there are fewer than `many`. */
function atMost(most: number, many: number, slots: Uint32Array, { size }: Draft): Uint32Array {
  const first = slots.findIndex((slot) => (size[slot] as number) > most);
  return first < 0 ? slots : slots.subarray(0, Math.max(first, many));
}

/** The slots that are empty or that takers had before; all of them, if those are fewer than `many`. */
function emptyOrBack(many: number, slots: Uint32Array, draft: Draft, takers: readonly number[]): Uint32Array {
  const had = new Set(takers);
  const some = slots.filter((slot) => draft.size[slot] === 0 || had.has(draft.former[slot] as number));
  return some.length < many ? slots : some;
}

function emptyIn(slots: Uint32Array, { size }: Draft): number {
  const first = slots.findIndex((slot) => (size[slot] as number) > 0);
  return first < 0 ? slots.length : first;
}

/**
 * Of slots in order of their connections, `many` that have `wanted` connections together or little more; the ones with
 * the most, if all have fewer. They are neighbours in that order, but for one.
 */
function pick(slots: Uint32Array, many: number, wanted: number, draft: Draft): Uint32Array {
  const size = (at: number) => draft.size[slots[at] as number] as number;
  let sum = 0;
  for (let at = 0; at < many; at++) sum += size(at);
  let from = 0;
  while (sum < wanted && from + many < slots.length) {
    sum += size(from + many) - size(from);
    from++;
  }
  if (from === 0 || sum <= wanted) return slots.slice(from, from + many);
  // One window earlier, with the last slot of this one in place of as large a slot as possible.
  const before = from - 1;
  const spare = sum - wanted + size(before);
  let out = before;
  while (out + 1 < before + many && size(out + 1) <= spare) out++;
  const picked = new Uint32Array(many);
  for (let at = before, to = 0; at <= before + many; at++) if (at !== out) picked[to++] = slots[at] as number;
  return picked;
}

/** As many slots of each size as were picked, but the ones that are attracted most. Both are in order of size. */
function chosen(
  picked: Uint32Array,
  slots: Uint32Array,
  { size }: Draft,
  attractionOf: (slot: number) => number,
): Uint32Array {
  const result = new Uint32Array(picked.length);
  let from = 0;
  for (let count = 0; count < picked.length; ) {
    const same = size[picked[count] as number] as number;
    let many = 1;
    while (count + many < picked.length && size[picked[count + many] as number] === same) many++;
    while (from < slots.length && size[slots[from] as number] !== same) from++;
    let end = from + many;
    while (end < slots.length && size[slots[end] as number] === same) end++;
    const equal = slots.subarray(from, end);
    result.set(equal.length > many ? first(equal, many, (slot) => -attractionOf(slot)) : equal, count);
    count += many;
    from = end;
  }
  return result;
}

/** Beyond so many takers a slot goes by its score at its owner alone: one of them will always have a high one. */
const MOST_COMPARED = 64;

/**
 * How much a slot is attracted to the takers: by its score at one of them, compared with that at its owner; more than
 * by any score if one of them had it before it was lost. A whole number of at most 34 bits and a sign.
 */
function attraction(draft: Draft, ringIds: readonly number[], takers: readonly number[]): (slot: number) => number {
  const had = new Set(takers);
  const compared = takers.length > MOST_COMPARED ? [] : takers;
  return (slot) => {
    let best = 0;
    for (const taker of compared) best = Math.max(best, murmur3Pair(slot, ringIds[taker] as number));
    const score = best - murmur3Pair(slot, ringIds[draft.owner[slot] as number] as number);
    return had.has(draft.former[slot] as number) ? score + 2 ** 33 : score;
  };
}

/** The `many` slots that come first by a whole number. Loops, since `from` with a function takes ten times as long. */
function first(slots: Uint32Array, many: number, orderOf: (slot: number) => number): Uint32Array {
  const SLOT_SPACE = 0x1_0000;
  // One number holds both, so that they are sorted fast: the order first, then the slot.
  const keys = new Float64Array(slots.length);
  for (let at = 0; at < slots.length; at++) {
    const slot = slots[at] as number;
    keys[at] = orderOf(slot) * SLOT_SPACE + slot;
  }
  keys.sort();
  const found = new Uint32Array(many);
  for (let at = 0; at < many; at++) {
    const key = keys[at] as number;
    found[at] = key - Math.floor(key / SLOT_SPACE) * SLOT_SPACE;
  }
  return found;
}
