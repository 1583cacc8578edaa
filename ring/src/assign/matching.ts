import { NO_OWNER, SLOTS } from '../ring.ts';

/** Each slot's members in order of cost, cheapest first; positions are read one after the other. */
export interface Preferences {
  ringId(slot: number, position: number): number;
  cost(slot: number, position: number): number;
}

/**
 * The stable matching of slots and members: no slot and member both prefer each other to what they got. Slots and
 * members prefer each other by the cost of the pair, and a member accepts at most its cap. Since both sides use the
 * same strict order (cost, slot, ring id), there is exactly one such matching.
 *
 * It is found by deferred acceptance: each slot asks its cheapest member first; a full member keeps its cheapest slots,
 * and a slot that it turns away asks its next member. The caps must add up to SLOTS or more.
 *
 * Returns the ring id of each slot.
 */
export function match(preferences: Preferences, ringIds: Uint16Array, caps: Uint32Array): Uint16Array {
  const table = new Uint16Array(SLOTS).fill(NO_OWNER);
  const memberOf = new Uint16Array(0x1_0000);
  for (const [member, ringId] of ringIds.entries()) memberOf[ringId] = member;
  const holdings = new Holdings(caps);
  /** How many members each slot has asked. */
  const asked = new Uint16Array(SLOTS);

  for (let first = 0; first < SLOTS; first++) {
    let slot = first;
    for (;;) {
      const position = asked[slot] ?? 0;
      asked[slot] = position + 1;
      const ringId = preferences.ringId(slot, position);
      const dropped = holdings.offer(memberOf[ringId] ?? 0, slot, preferences.cost(slot, position));
      if (dropped !== slot) table[slot] = ringId;
      if (dropped === NONE) break;
      slot = dropped;
    }
  }
  return table;
}

const NONE = -1;

/**
 * The slots that each member holds so far. The slots of a full member are a heap with the dearest on top. Members that
 * are not full, which is most of them in a small cluster, need no order.
 */
class Holdings {
  readonly #caps: Uint32Array;
  readonly #sizes: Uint32Array;
  /** Member m's heap starts at #starts[m] in #slots. */
  readonly #starts: Uint32Array;
  readonly #slots: Uint16Array;
  /** 1 for members whose slots are a heap. */
  readonly #heaped: Uint8Array;
  /** The cost of each held slot to its holder. */
  readonly #costs = new Float64Array(SLOTS);

  constructor(caps: Uint32Array) {
    this.#caps = caps;
    this.#sizes = new Uint32Array(caps.length);
    this.#heaped = new Uint8Array(caps.length);
    this.#starts = new Uint32Array(caps.length);
    let start = 0;
    for (const [member, cap] of caps.entries()) {
      this.#starts[member] = start;
      start += cap;
    }
    this.#slots = new Uint16Array(start);
  }

  /** Offers a slot. Returns the slot that is turned away (this one or a dearer one), or NONE if there was room. */
  offer(member: number, slot: number, cost: number): number {
    const size = this.#sizes[member] ?? 0;
    const start = this.#starts[member] ?? 0;
    if (size < (this.#caps[member] ?? 0)) {
      this.#sizes[member] = size + 1;
      this.#costs[slot] = cost;
      this.#slots[start + size] = slot;
      return NONE;
    }
    if (this.#heaped[member] === 0) {
      for (let at = (size >> 1) - 1; at >= 0; at--) this.#sink(start, size, at, this.#slots[start + at] ?? 0);
      this.#heaped[member] = 1;
    }
    const dearest = this.#slots[start] ?? 0;
    this.#costs[slot] = cost;
    if (!this.#dearer(dearest, slot)) return slot;
    this.#sink(start, size, 0, slot);
    return dearest;
  }

  #dearer(a: number, b: number): boolean {
    const costA = this.#costs[a] ?? 0;
    const costB = this.#costs[b] ?? 0;
    return costA > costB || (costA === costB && a > b);
  }

  /** Replaces the slot at `from`, below which the heap is in order, and sifts the new one down. */
  #sink(start: number, size: number, from: number, slot: number): void {
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      let below = this.#slots[start + child] ?? 0;
      const right = this.#slots[start + child + 1] ?? 0;
      if (child + 1 < size && this.#dearer(right, below)) {
        below = right;
        child += 1;
      }
      if (!this.#dearer(below, slot)) break;
      this.#slots[start + at] = below;
      at = child;
    }
    this.#slots[start + at] = slot;
  }
}
