import { SLOTS } from '../ring.ts';

/** Live client connections. */
export interface ConnectionCounts {
  /** SLOTS entries. */
  readonly countsBySlot: Readonly<Uint32Array>;
  /** Without nodes that have none. */
  readonly countsByNode: ReadonlyMap<string, number>;
  /** Of those the ones that belong to their node, not to a slot. */
  readonly pinnedByNode: ReadonlyMap<string, number>;
  /** Of the others the ones that move without their clients noticing. */
  readonly portableByNode: ReadonlyMap<string, number>;
  /** Of all of them the event streams; the others are WebSockets. */
  readonly eventStreamsByNode: ReadonlyMap<string, number>;
}

/** What is counted by node. */
export const BY_NODE = ['countsByNode', 'pinnedByNode', 'portableByNode', 'eventStreamsByNode'] as const;
export type ByNode = (typeof BY_NODE)[number];

/** The same by the names that reports have for them. */
export const REPORTED_AS = {
  countsByNode: 'connectionsByNode',
  pinnedByNode: 'pinnedByNode',
  portableByNode: 'portableByNode',
  eventStreamsByNode: 'eventStreamsByNode',
} as const satisfies Record<ByNode, string>;

/** Counts that are kept by what changes of them. */
export class RunningCounts implements ConnectionCounts {
  readonly countsBySlot = new Uint32Array(SLOTS);
  readonly countsByNode = new Map<string, number>();
  readonly pinnedByNode = new Map<string, number>();
  readonly portableByNode = new Map<string, number>();
  readonly eventStreamsByNode = new Map<string, number>();
  readonly #totals: Record<ByNode, number> = {
    countsByNode: 0,
    pinnedByNode: 0,
    portableByNode: 0,
    eventStreamsByNode: 0,
  };
  #copy: ConnectionCounts | undefined;

  /** Of all nodes. */
  get connections(): number {
    return this.#totals.countsByNode;
  }

  /** Of all nodes. */
  get eventStreams(): number {
    return this.#totals.eventStreamsByNode;
  }

  /** As they are now, never written to: the same object until a count changes. */
  get copy(): ConnectionCounts {
    this.#copy ??= {
      countsBySlot: this.countsBySlot.slice(),
      countsByNode: new Map(this.countsByNode),
      pinnedByNode: new Map(this.pinnedByNode),
      portableByNode: new Map(this.portableByNode),
      eventStreamsByNode: new Map(this.eventStreamsByNode),
    };
    return this.#copy;
  }

  addToSlot(slot: number, by: number): void {
    this.#copy = undefined;
    this.countsBySlot[slot] = (this.countsBySlot[slot] as number) + by;
  }

  addToNode(which: ByNode, node: string, by: number): void {
    this.#copy = undefined;
    this.#totals[which] += by;
    const count = (this[which].get(node) ?? 0) + by;
    if (count === 0) this[which].delete(node);
    else this[which].set(node, count);
  }
}
