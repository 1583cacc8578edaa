import {
  type ConnectionCounts,
  compareRevisions,
  type HotKey,
  type HotSlotKeys,
  type Revision,
  type Ring,
  slotOf,
  sumByOwner,
} from '@wscluster/ring';

/** As many as a gateway reports. */
const MOST_HOT_KEYS = 10;
const MOST_KEYS_OF_SLOT = 3;

/** The last report of a gateway, without its counts. */
export interface GatewayStatus {
  readonly id: string;
  readonly address: string;
  readonly applied: Revision;
  readonly connections: number;
  /** Of those. */
  readonly eventStreams: number;
  readonly moved: number;
  /** Of those without their clients noticing. */
  readonly migrated: number;
  /** Its keys with the most connections, most first. */
  readonly hotKeys: readonly HotKey[];
  /** Its slots with the most of what is measured, and the keys on them. */
  readonly hotSlots: readonly HotSlotKeys[];
  /** When it last reported, monotonic ms. */
  readonly lastSeen: number;
  /** It has told all its connections. A new leader may have to wait for them. */
  readonly countsKnown: boolean;
}

/** The gateways of a cluster at one moment, and their totals. Immutable. */
export class Fleet {
  /** By id. */
  readonly gateways: readonly GatewayStatus[];
  /**
   * Clients that gateways have moved since this controller first heard from each gateway; never decreases.
   */
  readonly moved: number;
  readonly #counts: ConnectionCounts;

  /** `counts`: over all gateways, and never written to from now on. */
  constructor(gateways: Iterable<GatewayStatus>, moved: number, counts: ConnectionCounts) {
    this.gateways = [...gateways].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.moved = moved;
    this.#counts = counts;
  }

  /** False while a gateway has not told all its connections. */
  get countsKnown(): boolean {
    return this.gateways.every(({ countsKnown }) => countsKnown);
  }

  /** Live connections by slot, over all gateways. */
  get connectionsBySlot(): Readonly<Uint32Array> {
    return this.#counts.countsBySlot;
  }

  /** Live connections by node id, over all gateways. */
  get connectionsByNode(): ReadonlyMap<string, number> {
    return this.#counts.countsByNode;
  }

  /** Of connectionsByNode the event streams. */
  get eventStreamsByNode(): ReadonlyMap<string, number> {
    return this.#counts.eventStreamsByNode;
  }

  /**
   * The share of a node's connections that move without their clients noticing, 0 to 1. Of a node that has none which
   * could move: that of all nodes.
   */
  portableShareOf(node: string): number {
    const { countsByNode, pinnedByNode, portableByNode } = this.#counts;
    const movable = (countsByNode.get(node) ?? 0) - (pinnedByNode.get(node) ?? 0);
    if (movable > 0) return Math.min(1, (portableByNode.get(node) ?? 0) / movable);
    const sum = (counts: ReadonlyMap<string, number>) => [...counts.values()].reduce((all, count) => all + count, 0);
    return sum(portableByNode) / Math.max(1, sum(countsByNode) - sum(pinnedByNode));
  }

  /**
   * The keys with the most connections over all gateways, most first. A key is counted only at gateways where it is
   * among the hottest, so a key that is spread over many gateways may have a few more.
   */
  hotKeys(): HotKey[] {
    const sum = new Map<string, number>();
    for (const { hotKeys } of this.gateways)
      for (const { key, connections } of hotKeys) sum.set(key, (sum.get(key) ?? 0) + connections);
    return [...sum]
      .map(([key, connections]) => ({ key, connections }))
      .sort((a, b) => b.connections - a.connections || (a.key < b.key ? -1 : 1))
      .slice(0, MOST_HOT_KEYS);
  }

  /** The hottest keys on a slot, as far as gateways tell them. */
  keysOf(slot: number): string[] {
    const hot = this.gateways.flatMap(({ hotSlots }) =>
      hotSlots.flatMap((found) => (found.slot === slot ? found.keys : [])),
    );
    const crowded = this.hotKeys().flatMap(({ key }) => (slotOf(key) === slot ? [key] : []));
    return [...new Set([...hot, ...crowded])].slice(0, MOST_KEYS_OF_SLOT);
  }

  /** Live connections by node id once all moves that the ring asks for are made. */
  connectionsByOwner(ring: Ring): ReadonlyMap<string, number> {
    const byMember = sumByOwner(ring.table, this.connectionsBySlot);
    const sum = new Map(this.#counts.pinnedByNode);
    for (const [index, { nodeId }] of ring.members.entries()) {
      const count = byMember[index] as number;
      if (count > 0) sum.set(nodeId, (sum.get(nodeId) ?? 0) + count);
    }
    return sum;
  }

  /** The highest revision that any gateway routes by; undefined without gateways. */
  highestApplied(): Revision | undefined {
    return this.gateways
      .map(({ applied }) => applied)
      .sort(compareRevisions)
      .at(-1);
  }
}
