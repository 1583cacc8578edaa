import { SLOTS } from '@wscluster/ring';

/** Instead of a slot: the connection is bound to its node, and no change of the ring moves it. */
export const PINNED = SLOTS;

/** What the tracker needs of a connection. Only the tracker may set `next` and `previous`. */
export interface Tracked {
  /** Or PINNED. */
  readonly slot: number;
  /** The node that it is connected or connecting to. Only Tracker.setNode changes it. */
  nodeId: string;
  next: Tracked | undefined;
  previous: Tracked | undefined;
}

/**
 * All client connections by slot, from routing until they are fully closed. Each slot has a list that is linked through
 * fields of the connections: adding and removing allocate nothing and take constant time, and a scan walks one array.
 */
export class Tracker<T extends Tracked = Tracked> {
  readonly #heads: Array<Tracked | undefined> = new Array(SLOTS + 1).fill(undefined);
  readonly #bySlot = new Uint32Array(SLOTS + 1);
  readonly #slotsOnly = this.#bySlot.subarray(0, SLOTS);
  readonly #byNode = new Map<string, number>();
  readonly #pinnedByNode = new Map<string, number>();
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

  add(entry: T): void {
    const head = this.#heads[entry.slot];
    entry.next = head;
    entry.previous = undefined;
    if (head !== undefined) head.previous = entry;
    this.#heads[entry.slot] = entry;
    this.#bySlot[entry.slot] = (this.#bySlot[entry.slot] as number) + 1;
    this.#countNode(entry, entry.nodeId, 1);
    this.#size++;
  }

  /** Removes an entry, which must be tracked. */
  remove(entry: T): void {
    if (entry.previous === undefined) this.#heads[entry.slot] = entry.next;
    else entry.previous.next = entry.next;
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

  /** The first entry of a slot; the others follow by `next`. */
  first(slot: number): T | undefined {
    return this.#heads[slot] as T | undefined;
  }

  /**
   * Calls `each` with the first entry of each slot that has any, in the order of slots; the others follow by `next`. No
   * entries may be added or removed meanwhile.
   */
  visitSlots(each: (slot: number, first: T) => void): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      const first = this.#heads[slot];
      if (first !== undefined) each(slot, first as T);
    }
  }

  /** All current entries. */
  all(): T[] {
    const entries: T[] = [];
    for (let slot = 0; slot <= PINNED; slot++)
      for (let entry = this.#heads[slot]; entry !== undefined; entry = entry.next) entries.push(entry as T);
    return entries;
  }

  #countNode({ slot }: T, nodeId: string, by: number): void {
    addTo(this.#byNode, nodeId, by);
    if (slot === PINNED) addTo(this.#pinnedByNode, nodeId, by);
  }
}

function addTo(counts: Map<string, number>, nodeId: string, by: number): void {
  const count = (counts.get(nodeId) ?? 0) + by;
  if (count === 0) counts.delete(nodeId);
  else counts.set(nodeId, count);
}
