import { LOOP_SAMPLE_MS } from '@wscluster/service';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestRoom } from './admission/request-room.ts';
import { bugsMetric } from './bug.ts';
import type { LimitName } from './limits.ts';
import type { Mover, MovingConnection } from './move/mover.ts';
import type { Tracker } from './move/tracker.ts';
import type { UpgradeResult } from './relay/client-connection.ts';
import type { Traffic } from './relay/relay.ts';
import { SlotLoad } from './relay/slot-load.ts';
import type { CurrentTable } from './table/current-table.ts';

/** Counts in plain fields, which become metrics only when they are scraped. */
export interface Counts {
  readonly traffic: Traffic;
  readonly upgrades: Map<UpgradeResult, number>;
  /** Connections that were to move without their clients noticing, by how that ended. */
  readonly migrations: Map<string, number>;
  /** Moves of which it is not known yet whether their clients notice, and those that were not needed after all. */
  undecided: number;
  readonly blackouts: Histogram;
  readonly httpAnswers: Map<number, number>;
  /** Refused requests and ended connections, by limit. */
  readonly limited: Map<LimitName, number>;
  /** Errors that nobody expected. */
  bugs: number;
}

export function newCounts(): Counts {
  return {
    traffic: { toNode: 0, toClient: 0, bySlot: new SlotLoad() },
    upgrades: new Map(),
    migrations: new Map(),
    undecided: 0,
    blackouts: new Histogram({
      name: 'wscluster_gateway_migration_blackout_seconds',
      help: "Time for which a client's messages had to wait while its connection moved to another node",
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [],
    }),
    httpAnswers: new Map(),
    limited: new Map(),
    bugs: 0,
  };
}

export function count<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

export function createMetrics<T extends MovingConnection>(
  counts: Counts,
  current: CurrentTable,
  tracker: Tracker<T>,
  mover: Mover<T>,
  room: RequestRoom,
): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_SAMPLE_MS });
  const registers = [registry];

  /** `aggregator`: how the values of several workers become one. */
  const gauge = (name: string, help: string, read: () => number, aggregator: 'sum' | 'min' = 'sum') =>
    new Gauge({
      name,
      help,
      registers,
      aggregator,
      collect() {
        this.set(read());
      },
    });
  const counter = <L extends string>(name: string, help: string, label: L, read: () => Iterable<[unknown, number]>) =>
    new Counter({
      name,
      help,
      registers,
      labelNames: [label],
      collect() {
        this.reset();
        for (const [value, total] of read()) this.inc({ [label]: String(value) } as Record<L, string>, total);
      },
    });

  gauge(
    'wscluster_gateway_connections',
    'Client connections, from routing until they are fully closed',
    () => tracker.size,
  );
  gauge(
    'wscluster_gateway_ring_epoch',
    'Epoch of the ring in use',
    () => current.table?.ring.revision.epoch ?? 0,
    'min',
  );
  gauge(
    'wscluster_gateway_ring_version',
    'Version of the ring in use',
    () => current.table?.ring.revision.version ?? 0,
    'min',
  );
  gauge(
    'wscluster_gateway_ring_members',
    'Members of the ring in use',
    () => current.table?.ring.members.length ?? 0,
    'min',
  );
  gauge('wscluster_gateway_workers', 'Processes that serve clients', () => 1);
  gauge('wscluster_gateway_http_requests', 'Plain HTTP requests in progress', () => room.size);
  counter('wscluster_gateway_upgrades_total', 'WebSocket upgrades by result', 'result', () => counts.upgrades);
  counter(
    'wscluster_gateway_migrations_total',
    'Connections to be moved without their clients noticing, by outcome: migrated, stayed, or the reason why the client was told to reconnect',
    'outcome',
    () => counts.migrations,
  );
  registry.registerMetric(counts.blackouts);
  counter('wscluster_gateway_http_requests_total', 'Plain HTTP answers by status', 'code', () => counts.httpAnswers);
  counter(
    'wscluster_gateway_refused_total',
    'Requests refused and connections ended by a limit, and connections told to use another gateway (rebalance)',
    'limit',
    () => counts.limited,
  );
  counter('wscluster_gateway_relay_bytes_total', 'Bytes relayed after upgrades', 'direction', () => [
    ['to-node', counts.traffic.toNode],
    ['to-client', counts.traffic.toClient],
  ]);
  bugsMetric(registers, () => counts.bugs);
  new Counter({
    name: 'wscluster_gateway_moves_total',
    help: 'Connections moved because their owner changed, whether or not their clients noticed',
    registers,
    collect() {
      this.reset();
      this.inc(mover.moved);
    },
  });
  return registry;
}
