import { compareRevisions, decodeSlotCounts, type HotKey, type Report, type Revision, SLOTS } from '@wscluster/ring';

const MOST_KEYS = 10;

interface OfWorker {
  readonly report: Report;
  readonly bySlot: Readonly<Uint32Array>;
}

/** What the workers report, as what one gateway reports. */
export class MergedReports {
  readonly #workers = new Map<number, OfWorker>();
  /** Moves of workers that are gone. */
  #movedBefore = 0;
  #changes = 0;
  /** Sums of the present state, made when they are asked for. */
  #bySlot: Uint32Array | undefined;

  /** Takes over a worker's last report. */
  take(worker: number, report: Report): void {
    const { connections } = report;
    const before = this.#workers.get(worker)?.bySlot ?? new Uint32Array(SLOTS);
    if (connections !== undefined) this.#changed();
    this.#workers.set(worker, {
      report,
      bySlot: connections === undefined ? before : decodeSlotCounts(connections),
    });
  }

  /** A worker is gone, with its connections. */
  drop(worker: number): void {
    this.#movedBefore += this.#workers.get(worker)?.report.moved ?? 0;
    if (this.#workers.delete(worker)) this.#changed();
  }

  /** Increases whenever countsBySlot may have changed. */
  get changes(): number {
    return this.#changes;
  }

  get countsBySlot(): Readonly<Uint32Array> {
    if (this.#bySlot === undefined) {
      const sum = new Uint32Array(SLOTS);
      for (const { bySlot } of this.#workers.values())
        for (let slot = 0; slot < SLOTS; slot++) sum[slot] = (sum[slot] as number) + (bySlot[slot] as number);
      this.#bySlot = sum;
    }
    return this.#bySlot;
  }

  get countsByNode(): ReadonlyMap<string, number> {
    return this.#sum(({ connectionsByNode }) => connectionsByNode);
  }

  get pinnedByNode(): ReadonlyMap<string, number> {
    return this.#sum(({ pinnedByNode }) => pinnedByNode ?? {});
  }

  /** Connections told to come back since the gateway started. */
  get moved(): number {
    let moved = this.#movedBefore;
    for (const { report } of this.#workers.values()) moved += report.moved;
    return moved;
  }

  /** The keys with the most connections, most first. A key that is hot at one worker counts with all that are known. */
  get hotKeys(): HotKey[] {
    const sums = this.#sum(({ hotKeys = [] }) =>
      Object.fromEntries(hotKeys.map(({ key, connections }) => [key, connections])),
    );
    const keys = [...sums].map(([key, connections]) => ({ key, connections }));
    return keys.sort((a, b) => b.connections - a.connections).slice(0, MOST_KEYS);
  }

  /** The newest revision by which all of these workers route; undefined while one of them has not said. */
  appliedBy(workers: Iterable<number>): Revision | undefined {
    let least: Revision | undefined;
    for (const worker of workers) {
      const applied = this.#workers.get(worker)?.report.applied;
      if (applied === undefined) return undefined;
      if (least === undefined || compareRevisions(applied, least) < 0) least = applied;
    }
    return least;
  }

  connectionsOf(worker: number): number {
    const { connectionsByNode = {} } = this.#workers.get(worker)?.report ?? {};
    return Object.values(connectionsByNode).reduce((sum, count) => sum + count, 0);
  }

  #changed(): void {
    this.#changes++;
    this.#bySlot = undefined;
  }

  #sum(of: (report: Report) => Readonly<Record<string, number>>): Map<string, number> {
    const sums = new Map<string, number>();
    for (const { report } of this.#workers.values())
      for (const [name, count] of Object.entries(of(report))) sums.set(name, (sums.get(name) ?? 0) + count);
    return sums;
  }
}
