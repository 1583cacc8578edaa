import { SLOTS } from '@wscluster/ring';

/** Instead of a slot: the connection is bound to its node, and no change of the ring moves it. */
export const PINNED = SLOTS;

/** What the tracker needs of a connection. Only the tracker may set `next` and `previous`. */
export interface Tracked {
  /** Or PINNED. */
  readonly slot: number;
  /** The node that it is connected or connecting to. Only Tracker.setNode changes it. */
  nodeId: string;
  readonly kind: 'websocket' | 'eventStream';
  /** It moves without its client noticing. Once true it stays so; see Tracker.nowPortable. */
  readonly portable: boolean;
  next: Tracked | undefined;
  previous: Tracked | undefined;
}

/**
 * All client connections by slot, from routing until they are fully closed. Each slot has a list that is linked through
 * fields of the connections: adding and removing allocate nothing and take constant time, and a
 * scan passes over the slots that have none.
 */
export class Tracker<T extends Tracked = Tracked> {
  readonly #heads: Array<Tracked | undefined> = new Array(SLOTS + 1).fill(undefined);
  /** A bit for each slot that has any, so that a scan passes over the others 32 at a time. */
  readonly #occupied = new Uint32Array((SLOTS >>> 5) + 1);
  readonly #bySlot = new Uint32Array(SLOTS + 1);
  readonly #slotsOnly = this.#bySlot.subarray(0, SLOTS);
  readonly #byNode = new Map<string, number>();
  readonly #pinnedByNode = new Map<string, number>();
  readonly #portableByNode = new Map<string, number>();
  readonly #eventStreamsByNode = new Map<string, number>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get countsBySlot(): Readonly<Uint32Array> {
    return this.#slotsOnly;
  }

  get countsByNode(): ReadonlyMap<string, number> {
    return this.#byNode;
  }

  /** Of countsByNode those that are pinned. */
  get pinnedByNode(): ReadonlyMap<string, number> {
    return this.#pinnedByNode;
  }

  /** Of countsByNode those that are portable and not pinned. */
  get portableByNode(): ReadonlyMap<string, number> {
    return this.#portableByNode;
  }

  /** Of countsByNode the event streams. */
  get eventStreamsByNode(): ReadonlyMap<string, number> {
    return this.#eventStreamsByNode;
  }

  add(entry: T): void {
    const head = this.#heads[entry.slot];
    entry.next = head;
    entry.previous = undefined;
    if (head !== undefined) head.previous = entry;
    else this.#mark(entry.slot, true);
    this.#heads[entry.slot] = entry;
    this.#bySlot[entry.slot] = (this.#bySlot[entry.slot] as number) + 1;
    this.#countNode(entry, entry.nodeId, 1);
    this.#size++;
  }

  /** Removes an entry, which must be tracked. */
  remove(entry: T): void {
    if (entry.previous !== undefined) entry.previous.next = entry.next;
    else {
      this.#heads[entry.slot] = entry.next;
      if (entry.next === undefined) this.#mark(entry.slot, false);
    }
    if (entry.next !== undefined) entry.next.previous = entry.previous;
    entry.next = undefined;
    entry.previous = undefined;
    this.#bySlot[entry.slot] = (this.#bySlot[entry.slot] as number) - 1;
    this.#countNode(entry, entry.nodeId, -1);
    this.#size--;
  }

  setNode(entry: T, nodeId: string): void {
    this.#countNode(entry, entry.nodeId, -1);
    this.#countNode(entry, nodeId, 1);
    entry.nodeId = nodeId;
  }

  /** Call this when a tracked entry has become portable. */
  nowPortable({ slot, nodeId }: T): void {
    if (slot !== PINNED) addTo(this.#portableByNode, nodeId, 1);
  }

  /** The first entry of a slot; the others follow by `next`. */
  first(slot: number): T | undefined {
    return this.#heads[slot] as T | undefined;
  }

  /**
   * Calls `each` with the first entry of each slot that has any, in the order of slots; the others follow by `next`. No
   * entries may be added or removed meanwhile.
   */
  visitSlots(each: (slot: number, first: T) => void): void {
    this.#visit(SLOTS, each);
  }

  /** All current entries. */
  all(): T[] {
    const entries: T[] = [];
    this.#visit(SLOTS + 1, (_, first) => {
      for (let entry: Tracked | undefined = first; entry !== undefined; entry = entry.next) entries.push(entry as T);
    });
    return entries;
  }

  /** Those below `end` that have any. */
  #visit(end: number, each: (slot: number, first: T) => void): void {
    for (let word = 0; word << 5 < end; word++) {
      for (let bits = this.#occupied[word] as number; bits !== 0; bits &= bits - 1) {
        const slot = (word << 5) + 31 - Math.clz32(bits & -bits);
        each(slot, this.#heads[slot] as T);
      }
    }
  }

  #mark(slot: number, occupied: boolean): void {
    const word = slot >>> 5;
    const bit = 1 << (slot & 31);
    const bits = this.#occupied[word] as number;
    this.#occupied[word] = occupied ? bits | bit : bits & ~bit;
  }

  #countNode({ slot, kind, portable }: T, nodeId: string, by: number): void {
    addTo(this.#byNode, nodeId, by);
    if (kind === 'eventStream') addTo(this.#eventStreamsByNode, nodeId, by);
    if (slot === PINNED) addTo(this.#pinnedByNode, nodeId, by);
    else if (portable) addTo(this.#portableByNode, nodeId, by);
  }
}

function addTo(counts: Map<string, number>, nodeId: string, by: number): void {
  const count = (counts.get(nodeId) ?? 0) + by;
  if (count === 0) counts.delete(nodeId);
  else counts.set(nodeId, count);
}
