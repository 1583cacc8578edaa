import { hostname } from 'node:os';
import {
  type HostPort,
  listen,
  type ProbeListener,
  type Running,
  startProbes,
  type UnhandledEvent,
} from '@wscluster/service';
import type { RingBusFollower } from '@wscluster/transport';
import type { Registry } from 'prom-client';
import type { GatewayOptions, LiveOptions } from './gateway-options.ts';
import { createMetrics } from './metrics.ts';
import { createParts, type Parts } from './parts.ts';
import { Readiness } from './readiness.ts';
import { closeAdapters, shutDown } from './shutdown.ts';
import { HotKeys } from './updates/hot-keys.ts';
import { HotSlots } from './updates/hot-slots.ts';
import { Reporter } from './updates/reporter.ts';
import { SHARED_PORT } from './workers/shared-port.ts';

export interface Gateway extends Running {
  readonly port: number;
  /** 0 without a probe listener. */
  readonly probePort: number;
  readonly metrics: Registry;
  /** Why it is not ready; undefined if it is. */
  readonly problem: string | undefined;
  /** WebSocket connections of clients, in any stage. */
  readonly connections: number;
  /** Sockets of clients, of any kind. */
  readonly sockets: number;
  /** Takes effect when the gateway stops; open connections do not notice. */
  change(options: LiveOptions): void;
  survive(event: UnhandledEvent, error: unknown): void;
}

/**
 * A gateway in this process.
 *
 * Start: the bus first, so that no ring is missed between the reading of the store and the first message; then the
 * store; then both listeners, the data port last, so that the first client finds a ring if there is one. Without a ring
 * the gateway starts all the same, is not ready, and answers 503.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { id, store, log } = options;
  const parts = createParts(options);
  const { current, tracker, updates, plane } = parts;
  const bus = await options.openBus(updates);
  await updates.start();
  const adapters = { bus, store };
  const readiness = new Readiness(current, updates);
  const { counts, mover, room } = parts;
  const metrics = createMetrics(counts, current, tracker, mover, room);
  const { probes, port } = await openListeners(options, parts, readiness, metrics).catch(async (error: unknown) => {
    await closeAdapters(parts, adapters);
    throw error;
  });
  const address = options.advertise ?? `${advertisedHost(options.listen)}:${port}`;
  const reporter = startReporter(options, parts, bus, address);
  log.info({ event: 'listening', port, probes: probes?.port, address }, `gateway ${id} listens on port ${port}`);

  let live: LiveOptions = options;
  return {
    port,
    probePort: probes?.port ?? 0,
    metrics,
    get problem() {
      return readiness.problem;
    },
    get connections() {
      return tracker.size;
    },
    get sockets() {
      return plane.sockets.size;
    },
    change(changed) {
      live = changed;
    },
    survive: (event, error) => parts.recorder.onBug(event, error),
    stop: () => shutDown({ parts, adapters, readiness, probes, reporter }, live),
  };
}

async function openListeners(
  options: GatewayOptions,
  { plane }: Parts,
  readiness: Readiness,
  metrics: Registry,
): Promise<{ probes: ProbeListener | undefined; port: number }> {
  const probes =
    options.probes === undefined ? undefined : await startProbes(options.probes, () => readiness.problem, metrics);
  try {
    const shared = options.worker === undefined ? {} : SHARED_PORT;
    return { probes, port: await listen(plane.server, options.listen, 'gateway', shared) };
  } catch (error) {
    await probes?.close();
    throw error;
  }
}

/** `address`: where clients reach this gateway. */
function startReporter(
  { cluster, id, log }: GatewayOptions,
  { counts, current, tracker, mover, updates }: Parts,
  bus: RingBusFollower,
  address: string,
): Reporter {
  const hotKeys = new HotKeys(tracker);
  const load = counts.traffic.bySlot;
  const hotSlots = new HotSlots(tracker, load);
  const reporter = new Reporter({
    cluster,
    gateway: id,
    address,
    bus,
    counts: tracker,
    log,
    applied: () => current.table?.ring.revision,
    moved: () => mover.moved - counts.undecided,
    migrated: () => counts.migrations.get('migrated') ?? 0,
    hotKeys: () => hotKeys.at(performance.now()),
    hotSlots: () => hotSlots.at(performance.now()),
    load,
  });
  current.onTable(() => reporter.reportSoon());
  updates.subscribe({
    onRecall: (held) => reporter.giveBack(held),
    onHeartbeat: (heartbeat) => reporter.onHeartbeat(heartbeat),
    onConnected: () => reporter.reconnected(),
  });
  reporter.start();
  return reporter;
}

/** An address that listens on all interfaces is none that anybody can connect to. */
export function advertisedHost({ host }: HostPort): string {
  if (host === '::' || host === '0.0.0.0') return hostname();
  return host.includes(':') ? `[${host}]` : host;
}
