import {
  type AnyReport,
  type ConnectionCounts,
  compareRevisions,
  decodeSlotChanges,
  type HotKey,
  type HotSlotKeys,
  LOAD_UNITS,
  ReportedCounts,
  type ReportedLoad,
  type Revision,
  RunningCounts,
} from '@wscluster/ring';
import { SlotLoad } from '../relay/slot-load.ts';

const MOST_KEYS = 10;

interface OfWorker {
  readonly counts: ReportedCounts;
  applied: Revision;
  moved: number;
  migrated: number;
  hotKeys: readonly HotKey[];
  hotSlots: readonly HotSlotKeys[];
}

/** What the workers report, as what one gateway reports. */
export class MergedReports {
  readonly #workers = new Map<number, OfWorker>();
  readonly #sums = new RunningCounts();
  /** What they have relayed. */
  readonly load = new SlotLoad();
  /** Moves of workers that are gone. */
  readonly #before = { moved: 0, migrated: 0 };

  /** Takes over a worker's last report. */
  take(worker: number, report: AnyReport): void {
    const { applied, moved, migrated = 0, hotKeys, hotSlots } = report;
    let known = this.#workers.get(worker);
    if (known === undefined) {
      known = { counts: new ReportedCounts(this.#sums), applied, moved, migrated, hotKeys: [], hotSlots: [] };
      this.#workers.set(worker, known);
    }
    if (known.counts.take(report) !== 'late') this.#takeLoad(report.load);
    known.applied = applied;
    known.moved = moved;
    known.migrated = migrated;
    if (report.type === 'report' || hotKeys !== undefined) known.hotKeys = hotKeys ?? [];
    if (report.type === 'report' || hotSlots !== undefined) known.hotSlots = hotSlots ?? [];
  }

  #takeLoad(load: ReportedLoad | undefined): void {
    if (load === undefined || load.measure !== this.load.measure) return;
    for (const [slot, units] of decodeSlotChanges(load.slots))
      this.load.add(slot, units, units * LOAD_UNITS[load.measure]);
  }

  /** A worker is gone, with its connections. */
  drop(worker: number): void {
    const known = this.#workers.get(worker);
    if (known === undefined) return;
    this.#before.moved += known.moved;
    this.#before.migrated += known.migrated;
    known.counts.drop();
    this.#workers.delete(worker);
  }

  /** Over all workers; kept up to date. */
  get counts(): ConnectionCounts {
    return this.#sums;
  }

  /** Connections moved since the gateway started. */
  get moved(): number {
    let { moved } = this.#before;
    for (const worker of this.#workers.values()) moved += worker.moved;
    return moved;
  }

  /** Of those the ones whose clients did not notice. */
  get migrated(): number {
    let { migrated } = this.#before;
    for (const worker of this.#workers.values()) migrated += worker.migrated;
    return migrated;
  }

  /** The keys with the most connections, most first. A key that is hot at one worker counts with all that are known. */
  get hotKeys(): HotKey[] {
    const sums = new Map<string, number>();
    for (const { hotKeys } of this.#workers.values())
      for (const { key, connections } of hotKeys) sums.set(key, (sums.get(key) ?? 0) + connections);
    const keys = [...sums].map(([key, connections]) => ({ key, connections }));
    return keys.sort((a, b) => b.connections - a.connections).slice(0, MOST_KEYS);
  }

  /** The slots with much of the load at some worker. */
  get hotSlots(): HotSlotKeys[] {
    const keys = new Map<number, Set<string>>();
    for (const worker of this.#workers.values())
      for (const { slot, keys: own } of worker.hotSlots)
        keys.set(slot, new Set([...(keys.get(slot) ?? []), ...own].slice(0, MOST_KEYS)));
    return [...keys].map(([slot, all]) => ({ slot, keys: [...all] }));
  }

  /** The newest revision by which all of these workers route; undefined while one of them has not said. */
  appliedBy(workers: Iterable<number>): Revision | undefined {
    let least: Revision | undefined;
    for (const worker of workers) {
      const applied = this.#workers.get(worker)?.applied;
      if (applied === undefined) return undefined;
      if (least === undefined || compareRevisions(applied, least) < 0) least = applied;
    }
    return least;
  }

  connectionsOf(worker: number): number {
    return this.#workers.get(worker)?.counts.counts.connections ?? 0;
  }

  /** A whole report of the worker is needed. */
  isAwaited(worker: number): boolean {
    return this.#workers.get(worker)?.counts.awaited === true;
  }
}
