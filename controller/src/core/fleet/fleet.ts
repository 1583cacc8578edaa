import { compareRevisions, type HotKey, ownerOf, type Revision, type Ring, SLOTS } from '@wscluster/ring';

/** As many as a gateway reports. */
const MOST_HOT_KEYS = 10;

/** The last report of a gateway. */
export interface GatewayStatus {
  readonly id: string;
  readonly address: string;
  readonly applied: Revision;
  readonly connections: number;
  readonly connectionsByNode: Readonly<Record<string, number>>;
  /** Of those the ones that belong to their node, and move with no slot. */
  readonly pinnedByNode: Readonly<Record<string, number>>;
  readonly moved: number;
  /** Its keys with the most connections, most first. */
  readonly hotKeys: readonly HotKey[];
  /** When it last reported, monotonic ms. */
  readonly lastSeen: number;
  /** Live connections by slot. */
  readonly counts: Readonly<Uint32Array>;
  /** It has reported its counts. Reports leave out what has not changed, so a new leader may have to wait for them. */
  readonly counted: boolean;
}

/** Connections that have to move: over all gateways, and at the gateway that has the most of them. */
export interface ToMove {
  readonly all: number;
  readonly most: number;
}

/** The gateways of a cluster at one moment, and their totals. Immutable. */
export class Fleet {
  /** By id. */
  readonly gateways: readonly GatewayStatus[];
  /**
   * Clients that gateways have told to reconnect since this controller first heard from each gateway; never decreases.
   */
  readonly moved: number;
  #bySlot: Readonly<Uint32Array> | undefined;
  #byNode: ReadonlyMap<string, number> | undefined;

  constructor(gateways: Iterable<GatewayStatus>, moved: number) {
    this.gateways = [...gateways].sort((a, b) => (a.id < b.id ? -1 : 1));
    this.moved = moved;
  }

  /** False while a gateway with connections has not reported their slots. */
  get counted(): boolean {
    return this.gateways.every(({ counted, connections }) => counted || connections === 0);
  }

  /** Live connections by slot, over all gateways. */
  get connectionsBySlot(): Readonly<Uint32Array> {
    this.#bySlot ??= sumOf(this.gateways);
    return this.#bySlot;
  }

  /** Live connections by node id, over all gateways. */
  get connectionsByNode(): ReadonlyMap<string, number> {
    if (this.#byNode !== undefined) return this.#byNode;
    const sum = new Map<string, number>();
    for (const { connectionsByNode } of this.gateways)
      for (const [node, count] of Object.entries(connectionsByNode)) sum.set(node, (sum.get(node) ?? 0) + count);
    this.#byNode = sum;
    return sum;
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

  /**
   * How many connections have to move once the owners of `slots` have changed: those on these slots. With `leftOver`
   * also those that an earlier change has left at a node, which are as many as the node has beyond what its slots
   * account for.
   */
  toMove(slots: ReadonlySet<number>, ring: Ring, leftOver: boolean): ToMove {
    const counts = this.gateways.map((gateway) => toMoveAt(gateway, slots, ring, leftOver));
    return { all: counts.reduce((sum, count) => sum + count, 0), most: Math.max(0, ...counts) };
  }

  /** Live connections by node id once all moves that the ring asks for are made. */
  connectionsByOwner(ring: Ring): ReadonlyMap<string, number> {
    const sum = new Map<string, number>();
    for (const [slot, count] of this.connectionsBySlot.entries()) {
      const owner = count === 0 ? undefined : ownerOf(ring, slot)?.nodeId;
      if (owner !== undefined) sum.set(owner, (sum.get(owner) ?? 0) + count);
    }
    for (const { pinnedByNode } of this.gateways)
      for (const [node, count] of Object.entries(pinnedByNode)) sum.set(node, (sum.get(node) ?? 0) + count);
    return sum;
  }

  /** The highest revision that any gateway routes by; undefined without gateways. */
  highestApplied(): Revision | undefined {
    return this.gateways
      .map(({ applied }) => applied)
      .sort(compareRevisions)
      .at(-1);
  }

  /** True when every live gateway routes by `revision` or a later one. */
  allApplied(revision: Revision): boolean {
    return this.gateways.every(({ applied }) => compareRevisions(applied, revision) >= 0);
  }
}

function toMoveAt(
  { counts, connectionsByNode, pinnedByNode }: GatewayStatus,
  slots: ReadonlySet<number>,
  ring: Ring,
  leftOver: boolean,
): number {
  const surplus = new Map(
    Object.entries(connectionsByNode).map(([node, count]) => [node, count - (pinnedByNode[node] ?? 0)]),
  );
  let onSlots = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    const count = counts[slot] ?? 0;
    if (count === 0) continue;
    if (slots.has(slot)) onSlots += count;
    const owner = ownerOf(ring, slot)?.nodeId ?? '';
    surplus.set(owner, (surplus.get(owner) ?? 0) - count);
  }
  // Not always: while the moves of a step are in progress, they are a surplus too.
  if (!leftOver) return onSlots;
  return Math.max(
    onSlots,
    [...surplus.values()].reduce((sum, count) => sum + Math.max(0, count), 0),
  );
}

function sumOf(gateways: readonly GatewayStatus[]): Uint32Array {
  const sum = new Uint32Array(SLOTS);
  for (const { counts } of gateways)
    for (let slot = 0; slot < SLOTS; slot++) sum[slot] = (sum[slot] ?? 0) + (counts[slot] ?? 0);
  return sum;
}
