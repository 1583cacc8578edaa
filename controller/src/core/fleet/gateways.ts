import {
  compareRevisions,
  decodeSlotCounts,
  type HotKey,
  ownerOf,
  type Report,
  type Revision,
  type Ring,
  SLOTS,
} from '@wscluster/ring';

/** A gateway is dead after this long without a report, ms; it reports each second. */
export const GATEWAY_DEAD_MS = 3000;
/** A published ring counts as acknowledged after this long, whoever is silent, ms. */
export const ACK_DEADLINE_MS = 5000;

/** As many as a gateway reports. */
const MOST_HOT_KEYS = 10;

export interface GatewayStatus {
  readonly id: string;
  readonly address: string;
  readonly applied: Revision;
  readonly connections: number;
  readonly connectionsByNode: Readonly<Record<string, number>>;
  readonly moved: number;
  /** Its keys with the most connections, most first. */
  readonly hotKeys: readonly HotKey[];
  /** When it last reported, monotonic ms. */
  readonly lastSeen: number;
}

interface Entry extends GatewayStatus {
  /** Live connections by slot. */
  readonly counts: Readonly<Uint32Array>;
  /** It has told its counts: reports leave out what has not changed, so a new leader may have to wait for them. */
  readonly counted: boolean;
}

const NO_COUNTS: Readonly<Uint32Array> = new Uint32Array(SLOTS);

/** What the gateways of one cluster last reported. Silent ones are dropped by `prune`. */
export class GatewayFleet {
  readonly #entries = new Map<string, Entry>();
  #moved = 0;

  /** Clients that gateways have told to reconnect since this controller first heard of each; it never falls. */
  get moved(): number {
    return this.#moved;
  }

  /** Takes in a report; false when its connection counts are damaged (the rest still counts). */
  report(report: Report, now: number): boolean {
    const known = this.#entries.get(report.gateway);
    let counts: Readonly<Uint32Array> = known?.counts ?? NO_COUNTS;
    let intact = true;
    if (report.connections !== undefined) {
      try {
        counts = decodeSlotCounts(report.connections);
      } catch {
        intact = false;
      }
    }
    this.#moved += Math.max(0, report.moved - (known?.moved ?? report.moved));
    let connections = 0;
    for (const count of Object.values(report.connectionsByNode)) connections += count;
    this.#entries.set(report.gateway, {
      id: report.gateway,
      address: report.address,
      applied: report.applied,
      connections,
      connectionsByNode: report.connectionsByNode,
      moved: report.moved,
      hotKeys: report.hotKeys ?? [],
      lastSeen: now,
      counts,
      counted: known?.counted === true || report.connections !== undefined,
    });
    return intact;
  }

  leave(gateway: string): void {
    this.#entries.delete(gateway);
  }

  /** Forgets gateways that have been silent for GATEWAY_DEAD_MS; their ids. */
  prune(now: number): string[] {
    const dead = [...this.#entries.values()].filter((entry) => now - entry.lastSeen >= GATEWAY_DEAD_MS);
    for (const entry of dead) this.#entries.delete(entry.id);
    return dead.map((entry) => entry.id);
  }

  get all(): readonly GatewayStatus[] {
    return [...this.#entries.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** False while a gateway that has connections has not told on which slots. */
  get counted(): boolean {
    return [...this.#entries.values()].every(({ counted, connections }) => counted || connections === 0);
  }

  /** Live connections by slot, over all gateways. */
  connectionsBySlot(): Uint32Array {
    const sum = new Uint32Array(SLOTS);
    for (const entry of this.#entries.values())
      for (let slot = 0; slot < SLOTS; slot++) sum[slot] = (sum[slot] ?? 0) + (entry.counts[slot] ?? 0);
    return sum;
  }

  /** Live connections by node id, over all gateways. */
  connectionsByNode(): Map<string, number> {
    const sum = new Map<string, number>();
    for (const entry of this.#entries.values())
      for (const [node, count] of Object.entries(entry.connectionsByNode)) sum.set(node, (sum.get(node) ?? 0) + count);
    return sum;
  }

  /**
   * The keys with the most connections over all gateways, most first. A key counts with those gateways where it is among
   * the hottest: one that is spread over many can have a few more.
   */
  hotKeys(): HotKey[] {
    const sum = new Map<string, number>();
    for (const entry of this.#entries.values())
      for (const { key, connections } of entry.hotKeys) sum.set(key, (sum.get(key) ?? 0) + connections);
    return [...sum]
      .map(([key, connections]) => ({ key, connections }))
      .sort((a, b) => b.connections - a.connections || (a.key < b.key ? -1 : 1))
      .slice(0, MOST_HOT_KEYS);
  }

  /**
   * How many connections have to move when the owners of `slots` have changed: those on these slots. With `leftOver`
   * also those that an earlier change has left at a node: as many as it has beyond what its slots account for.
   */
  toMove(slots: ReadonlySet<number>, ring: Ring, leftOver: boolean): number {
    const bySlot = this.connectionsBySlot();
    const surplus = this.connectionsByNode();
    let onSlots = 0;
    for (let slot = 0; slot < SLOTS; slot++) {
      const count = bySlot[slot] ?? 0;
      if (count === 0) continue;
      if (slots.has(slot)) onSlots += count;
      const owner = ownerOf(ring, slot)?.nodeId ?? '';
      surplus.set(owner, (surplus.get(owner) ?? 0) - count);
    }
    // Not always: while the moves of one step are being made, they are a surplus too.
    if (!leftOver) return onSlots;
    return Math.max(
      onSlots,
      [...surplus.values()].reduce((sum, count) => sum + Math.max(0, count), 0),
    );
  }

  /** The highest revision that any gateway routes by; undefined without gateways. */
  highestApplied(): Revision | undefined {
    return [...this.#entries.values()]
      .map((entry) => entry.applied)
      .sort(compareRevisions)
      .at(-1);
  }

  /** True when every gateway that is live routes by `revision` or a later one. */
  allApplied(revision: Revision): boolean {
    return [...this.#entries.values()].every((entry) => compareRevisions(entry.applied, revision) >= 0);
  }
}
