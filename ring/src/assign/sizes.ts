import type { Draft } from './draft.ts';

const LOW = 0xffff;

/**
 * The slots of each member, those with the fewest connections first; of equal ones those that move anyway come first.
 */
export class Sizes {
  readonly #slots: Uint32Array;
  /** Where the slots of each member begin. */
  readonly #starts: Uint32Array;
  readonly #views: Uint32Array[] = [];

  /** Of members that `isWanted` names; the others have none. */
  constructor(draft: Draft, isWanted: (member: number) => boolean = () => true) {
    const { owner, origin, size, members } = draft;
    const wanted = Uint8Array.from({ length: members }, (_, member) => Number(isWanted(member)));
    const slots = new Uint32Array(owner.length);
    let count = 0;
    let most = 0;
    for (const moved of [true, false])
      for (let slot = 0; slot < owner.length; slot++) {
        const member = owner[slot] as number;
        if (member >= members || wanted[member] === 0 || (member !== origin[slot]) !== moved) continue;
        slots[count++] = slot;
        if ((size[slot] as number) > most) most = size[slot] as number;
      }
    let sorted = slots.subarray(0, count);
    if (most > 0) sorted = sortedBy(sorted, size, 0, Math.min(most, LOW) + 1).sorted;
    if (most > LOW) sorted = sortedBy(sorted, size, 16, (most >>> 16) + 1).sorted;
    const byMember = sortedBy(sorted, owner, 0, members);
    this.#slots = byMember.sorted;
    this.#starts = byMember.starts;
  }

  of(member: number): Uint32Array {
    let view = this.#views[member];
    if (view === undefined) {
      view = this.#slots.subarray(this.#starts[member], this.#starts[member + 1]);
      this.#views[member] = view;
    }
    return view;
  }
}

/** A stable sort by 16 bits of a number that each slot has, below `keys`, and where each number begins. */
function sortedBy(slots: Uint32Array, numbers: Readonly<Uint32Array | Uint16Array>, shift: number, keys: number) {
  const starts = new Uint32Array(keys + 1);
  for (let at = 0; at < slots.length; at++) {
    const key = ((numbers[slots[at] as number] as number) >>> shift) & LOW;
    starts[key + 1] = (starts[key + 1] as number) + 1;
  }
  for (let key = 0; key < keys; key++) starts[key + 1] = (starts[key + 1] as number) + (starts[key] as number);
  const next = starts.slice();
  const sorted = new Uint32Array(slots.length);
  for (let at = 0; at < slots.length; at++) {
    const slot = slots[at] as number;
    const key = ((numbers[slot] as number) >>> shift) & LOW;
    const to = next[key] as number;
    sorted[to] = slot;
    next[key] = to + 1;
  }
  return { sorted, starts };
}
