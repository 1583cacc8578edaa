import { SLOTS } from '../ring.ts';

/** Live client connections: by slot, by node id, and of the latter those that belong to their node, not to a slot. */
export interface ConnectionCounts {
  /** SLOTS entries. */
  readonly countsBySlot: Readonly<Uint32Array>;
  /** Without nodes that have none. */
  readonly countsByNode: ReadonlyMap<string, number>;
  readonly pinnedByNode: ReadonlyMap<string, number>;
}

/** Counts that are kept by what changes of them. */
export class RunningCounts implements ConnectionCounts {
  readonly countsBySlot = new Uint32Array(SLOTS);
  readonly countsByNode = new Map<string, number>();
  readonly pinnedByNode = new Map<string, number>();
  #connections = 0;

  /** Of all nodes. */
  get connections(): number {
    return this.#connections;
  }

  addToSlot(slot: number, by: number): void {
    this.countsBySlot[slot] = (this.countsBySlot[slot] as number) + by;
  }

  addToNode(which: 'countsByNode' | 'pinnedByNode', node: string, by: number): void {
    if (which === 'countsByNode') this.#connections += by;
    const count = (this[which].get(node) ?? 0) + by;
    if (count === 0) this[which].delete(node);
    else this[which].set(node, count);
  }
}
