import { decodeSlotCounts, type Report, SLOTS } from '@wscluster/ring';
import { Fleet, type GatewayStatus } from './fleet.ts';

/** A gateway counts as dead after this long without a report, ms; it reports every second. */
export const GATEWAY_DEAD_MS = 3000;

const NO_COUNTS: Readonly<Uint32Array> = new Uint32Array(SLOTS);

/** Collects the reports of a cluster's gateways, and drops silent gateways. Times are monotonic ms. */
export class GatewayReports {
  readonly #statuses = new Map<string, GatewayStatus>();
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
    this.#moved += Math.max(0, report.moved - (known?.moved ?? report.moved));
    let connections = 0;
    for (const count of Object.values(report.connectionsByNode)) connections += count;
    this.#statuses.set(report.gateway, {
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
    this.#fleet = undefined;
    return intact;
  }

  leave(gateway: string): void {
    this.#statuses.delete(gateway);
    this.#fleet = undefined;
  }

  /** Forgets gateways that have been silent for GATEWAY_DEAD_MS; returns their ids. */
  prune(now: number): string[] {
    const dead = [...this.#statuses.values()].filter(({ lastSeen }) => now - lastSeen >= GATEWAY_DEAD_MS);
    for (const { id } of dead) this.leave(id);
    return dead.map(({ id }) => id);
  }
}
