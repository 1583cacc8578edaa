import { decodeSlotCounts, type Report, SLOTS } from '@wscluster/ring';
import { Fleet, type GatewayStatus } from './fleet.ts';
import type { Hearing } from './hearing.ts';

/** While others are heard, a gateway counts as dead after this long without a report, ms; it reports every second. */
export const GATEWAY_DEAD_MS = 3000;
/** If none is heard, or the bus has just recovered, gateways have this long to report, ms: they may have to reconnect. */
export const GATEWAY_RETURN_MS = 10_000;
/** A gateway that counts as dead may have lost only the bus, so for this long it still has a share of the pace, ms. */
const SHARE_MS = 60_000;

const NO_COUNTS: Readonly<Uint32Array> = new Uint32Array(SLOTS);

/** Collects the reports of a cluster's gateways, and drops silent gateways. Times are monotonic ms. */
export class GatewayReports {
  readonly #statuses = new Map<string, GatewayStatus>();
  /** When each gateway that did not say goodbye was given up. */
  readonly #givenUp = new Map<string, number>();
  #fleet: Fleet | undefined;
  #moved = 0;

  /** As of the last report. */
  get fleet(): Fleet {
    this.#fleet ??= new Fleet(this.#statuses.values(), this.#moved);
    return this.#fleet;
  }

  /** Takes a report; false if its connection counts are damaged (the rest still counts). */
  report(report: Report, now: number): boolean {
    const known = this.#statuses.get(report.gateway);
    let counts: Readonly<Uint32Array> = known?.counts ?? NO_COUNTS;
    let intact = true;
    if (report.connections !== undefined) {
      try {
        counts = decodeSlotCounts(report.connections);
      } catch {
        intact = false;
      }
    }
    this.#givenUp.delete(report.gateway);
    this.#moved += Math.max(0, report.moved - (known?.moved ?? report.moved));
    let connections = 0;
    for (const count of Object.values(report.connectionsByNode)) connections += count;
    this.#statuses.set(report.gateway, {
      id: report.gateway,
      address: report.address,
      applied: report.applied,
      connections,
      connectionsByNode: report.connectionsByNode,
      pinnedByNode: report.pinnedByNode ?? {},
      moved: report.moved,
      hotKeys: report.hotKeys ?? [],
      lastSeen: now,
      counts,
      counted: known?.counted === true || report.connections !== undefined,
    });
    this.#fleet = undefined;
    return intact;
  }

  leave(gateway: string): void {
    this.#statuses.delete(gateway);
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
    const dead = [...this.#statuses.values()].filter(isDead).map(({ id }) => id);
    for (const id of dead) {
      this.leave(id);
      this.#givenUp.set(id, now);
    }
    return dead;
  }

  /** `busSince` as for `prune`. */
  hearing(now: number, busSince: number | undefined): Hearing {
    const known = this.#statuses.size;
    const deaf = busSince === undefined || (known > 0 && !this.#someIsHeard(now));
    const silent = [...this.#statuses.values()].some((status) => !isHeard(status, now));
    return {
      deaf,
      unknown: known === 0 && (busSince === undefined || now - busSince < GATEWAY_DEAD_MS),
      uncertain: deaf || silent || this.#givenUp.size > 0,
      sharers: Math.max(1, known + this.#givenUp.size),
    };
  }

  #someIsHeard(now: number): boolean {
    return [...this.#statuses.values()].some((status) => isHeard(status, now));
  }
}

function isHeard({ lastSeen }: GatewayStatus, now: number): boolean {
  return now - lastSeen < GATEWAY_DEAD_MS;
}
