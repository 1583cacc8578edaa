import {
  type AnyReport,
  compareRevisions,
  ReportedCounts,
  type Revision,
  type Ring,
  RunningCounts,
  type Taken,
} from '@wscluster/ring';
import { Fleet, type GatewayStatus } from './fleet.ts';
import type { Hearing } from './hearing.ts';
import { LoadMeter } from './load-meter.ts';
import { onSlots, type ToMove, withLeftOver } from './to-move.ts';

/** While others are heard, a gateway counts as dead after this long without a report, ms; it reports every second. */
export const GATEWAY_DEAD_MS = 3000;
/**
 * If none is heard, or the bus has just recovered, gateways have this long to report, ms: they may have to reconnect.
 */
export const GATEWAY_RETURN_MS = 10_000;
/** A gateway that counts as dead may have lost only the bus, so for this long it still has a share of the pace, ms. */
const SHARE_MS = 60_000;

interface Known {
  status: GatewayStatus;
  readonly reported: ReportedCounts;
}

/**
 * Collects the reports of a cluster's gateways, and drops silent gateways. Sums are kept by what changes, so a report
 * costs what it says, and not what the fleet has. Times are monotonic ms.
 */
export class GatewayReports {
  readonly #gateways = new Map<string, Known>();
  readonly #sums = new RunningCounts();
  /** What they relay, as far as it is asked for. */
  readonly load = new LoadMeter();
  /** When each gateway that did not say goodbye was given up. */
  readonly #givenUp = new Map<string, number>();
  #fleet: Fleet | undefined;
  #moved = 0;

  /** As of the last report. */
  get fleet(): Fleet {
    this.#fleet ??= new Fleet(this.#statuses(), this.#moved, this.#sums.copy);
    return this.#fleet;
  }

  /** Gateways that are known. */
  get size(): number {
    return this.#gateways.size;
  }

  /** The last report of a gateway; undefined if it is not known. */
  statusOf(gateway: string): GatewayStatus | undefined {
    return this.#gateways.get(gateway)?.status;
  }

  /** True when every live gateway routes by `revision` or a later one. */
  allApplied(revision: Revision): boolean {
    return this.#statuses().every(({ applied }) => compareRevisions(applied, revision) >= 0);
  }

  /** Gateways whose last changes are not known, so that they have to report as a whole. */
  get awaited(): string[] {
    return [...this.#gateways].filter(([, { reported }]) => reported.awaited).map(([id]) => id);
  }

  /**
   * How many connections have to move once the owners of `slots` have changed. With `leftOver` also those that an
   * earlier change has left at a node, and only then the gateway with the most is looked for.
   */
  toMove(slots: ReadonlySet<number>, ring: Ring, leftOver: boolean): ToMove {
    if (!leftOver) return { all: onSlots(slots, this.#sums.countsBySlot), most: 0 };
    const counts = [...this.#gateways.values()].map(({ reported }) => reported.counts);
    return withLeftOver(counts, slots, ring);
  }

  /** Takes a report. Whatever becomes of its counts, the rest of it counts unless it is late. */
  report(report: AnyReport, now: number): Taken {
    const known = this.#gateways.get(report.gateway);
    const reported = known?.reported ?? new ReportedCounts(this.#sums);
    const taken = reported.take(report);
    this.#givenUp.delete(report.gateway);
    this.#fleet = undefined;
    if (taken !== 'late') this.load.take(report.gateway, report.load, now);
    if (known !== undefined && taken === 'late') {
      known.status = { ...known.status, lastSeen: now };
      return taken;
    }
    this.#moved += Math.max(0, report.moved - (known?.status.moved ?? report.moved));
    const { gateway: id, address, applied, moved, migrated = 0, hotKeys, hotSlots } = report;
    const { connections, eventStreams } = reported.counts;
    const isWhole = report.type === 'report';
    const status = {
      ...{ id, address, applied, moved, migrated, connections, eventStreams, lastSeen: now },
      hotKeys: hotKeys ?? (isWhole ? [] : (known?.status.hotKeys ?? [])),
      hotSlots: hotSlots ?? (isWhole ? [] : (known?.status.hotSlots ?? [])),
      // One that sends no changes says nothing of slots if it has none.
      countsKnown: reported.countsKnown || (isWhole && connections === 0),
    };
    if (known === undefined) this.#gateways.set(id, { status, reported });
    else known.status = status;
    return taken;
  }

  leave(gateway: string): void {
    this.#gateways.get(gateway)?.reported.drop();
    this.load.leave(gateway);
    this.#gateways.delete(gateway);
    this.#givenUp.delete(gateway);
    this.#fleet = undefined;
  }

  /**
   * Gives up gateways that should have been heard by now; returns their ids. `busSince`: since when the bus has carried
   * messages, undefined while it does not. Nobody is given up then, since no gateway could be heard.
   */
  prune(now: number, busSince: number | undefined): string[] {
    for (const [id, at] of this.#givenUp) if (now - at >= SHARE_MS) this.#givenUp.delete(id);
    if (busSince === undefined) return [];
    const silenceMs = this.#someIsHeard(now) ? GATEWAY_DEAD_MS : GATEWAY_RETURN_MS;
    const isDead = ({ lastSeen }: GatewayStatus) =>
      lastSeen < busSince ? now - busSince >= GATEWAY_RETURN_MS : now - lastSeen >= silenceMs;
    const dead = this.#statuses()
      .filter(isDead)
      .map(({ id }) => id);
    for (const id of dead) {
      this.leave(id);
      this.#givenUp.set(id, now);
    }
    return dead;
  }

  /** `busSince` as for `prune`. */
  hearing(now: number, busSince: number | undefined): Hearing {
    const known = this.#gateways.size;
    const deaf = busSince === undefined || (known > 0 && !this.#someIsHeard(now));
    const silent = this.#statuses().some((status) => !isHeard(status, now));
    return {
      deaf,
      unknown: known === 0 && (busSince === undefined || now - busSince < GATEWAY_DEAD_MS),
      uncertain: deaf || silent || this.#givenUp.size > 0,
      sharers: Math.max(1, known + this.#givenUp.size),
    };
  }

  #statuses(): GatewayStatus[] {
    return [...this.#gateways.values()].map(({ status }) => status);
  }

  #someIsHeard(now: number): boolean {
    return this.#statuses().some((status) => isHeard(status, now));
  }
}

function isHeard({ lastSeen }: GatewayStatus, now: number): boolean {
  return now - lastSeen < GATEWAY_DEAD_MS;
}
