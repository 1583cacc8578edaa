import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_MOVE_SETTINGS } from '@wscluster/ring';
import { type HostPort, type Logger, listen, type Running, startProbes } from '@wscluster/service';
import {
  DEFAULT_UPDATE_TIMING,
  type FollowerHandlers,
  type RingBusFollower,
  type RingReader,
  RingUpdates,
  type UpdateTiming,
} from '@wscluster/transport';
import { Sweeper } from './admission/sweeper.ts';
import { createDataPlane } from './data-plane.ts';
import { limitOf } from './errors.ts';
import { createOwnerProxy } from './http/owner-proxy.ts';
import { CurrentLimits, type Limits } from './limits.ts';
import { count, createMetrics, newCounts } from './metrics.ts';
import { LostNodes } from './move/lost-nodes.ts';
import { Mover } from './move/mover.ts';
import { Tracker } from './move/tracker.ts';
import type { ClientConnection } from './relay/client-connection.ts';
import { RequestLog } from './request-log.ts';
import { closeAll } from './shutdown.ts';
import { CurrentTable } from './table/current-table.ts';
import { HotKeys } from './updates/hot-keys.ts';
import { Reporter } from './updates/reporter.ts';

export interface GatewayOptions {
  readonly cluster: string;
  /** Unique among the gateways of the cluster. */
  readonly id: string;
  readonly listen: HostPort;
  readonly probes: HostPort;
  /** `host:port` for clients; undefined: host name and data port. */
  readonly advertise: string | undefined;
  /** From unready to the end of accepting, ms. */
  readonly unreadyMs: number;
  /** Time over which clients are told to go when it stops, ms. */
  readonly drainMs: number;
  readonly store: RingReader;
  openBus(handlers: FollowerHandlers): Promise<RingBusFollower>;
  readonly log: Logger;
  /** Stand above those of the cluster. */
  readonly limits?: Partial<Limits>;
  readonly timing?: Partial<UpdateTiming>;
}

/** What of its options a gateway takes over while it runs. */
export type LiveOptions = Pick<GatewayOptions, 'unreadyMs' | 'drainMs'>;

export interface Gateway extends Running {
  readonly port: number;
  readonly probePort: number;
  /** Client connections, WebSocket ones, of any stage. */
  readonly connections: number;
  /** Sockets of clients, of any kind. */
  readonly sockets: number;
  /** For the stop to come; nothing that is open notices. */
  change(options: LiveOptions): void;
}

/**
 * A gateway in this process.
 *
 * Start: the bus first, so that no ring falls between the store's and the bus's; then the store; then both listeners,
 * the data port last, so that the first client finds a ring if there is one. Without a ring it starts all the same, says
 * that it is not ready, and answers 503.
 */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { cluster, id, log, store } = options;
  const limits = new CurrentLimits(options.limits ?? {});
  const current = new CurrentTable();
  const tracker = new Tracker<ClientConnection>();
  const mover = new Mover(current, tracker);
  const lostNodes = new LostNodes({
    lostMs: () => (current.table?.settings.moves ?? DEFAULT_MOVE_SETTINGS).lostSeconds * 1000,
    maxPerSecond: () => mover.release?.maxPerSecond ?? 0,
  });
  const counts = newCounts();
  const requests = new RequestLog(log);
  const proxy = createOwnerProxy(() => limits.value);
  const plane = createDataPlane({
    current,
    tracker,
    lostNodes,
    get limits() {
      return limits.value;
    },
    proxy,
    traffic: counts.traffic,
    release: () => mover.release,
    refresh: () => updates.refresh(),
    onUpgrade: (result, requestId) => {
      count(counts.upgrades, result);
      requests.upgraded(result, requestId);
    },
    onAnswer: (status, requestId) => {
      count(counts.httpAnswers, status);
      requests.answered(status, requestId);
    },
    onRefusal: (error, requestId) => {
      const limit = limitOf(error);
      if (limit !== undefined) count(counts.limited, limit);
      requests.refused(error, requestId);
    },
  });
  let stopping = false;
  let live: LiveOptions = options;

  const updates = new RingUpdates({
    cluster,
    store,
    holder: current,
    log,
    timing: { ...DEFAULT_UPDATE_TIMING, ...options.timing },
    onRelease: (release, tableChanged) => {
      if (tableChanged) {
        limits.follow(current.table?.settings.limits);
        plane.server.headersTimeout = limits.value.requestHeadMs;
      }
      mover.update(release, tableChanged);
      if (tableChanged) reporter?.acknowledge();
    },
    onRecall: (held) => reporter?.giveBack(held),
    onConnected: () => reporter?.reconnected(),
  });
  let reporter: Reporter | undefined;
  const sweeper = new Sweeper(
    tracker,
    () => limits.value,
    (limit, node) => {
      count(counts.limited, limit);
      log.debug({ event: 'connection-limited', limit, node }, `connection ended by ${limit}`);
    },
  );
  const bus = await options.openBus(updates);
  await updates.start();

  const notReady = () => {
    if (stopping) return 'stopping';
    return current.table === undefined ? `no ring yet: waiting for ${updates.awaited}` : undefined;
  };
  const closeAdapters = async () => {
    updates.stop();
    sweeper.stop();
    mover.stop();
    lostNodes.stop();
    proxy.close();
    await Promise.allSettled([bus.close(), store.close()]);
  };
  let probes: Awaited<ReturnType<typeof startProbes>> | undefined;
  let port: number;
  try {
    probes = await startProbes(options.probes, notReady, createMetrics(counts, current, tracker, mover));
    port = await listen(plane.server, options.listen, 'gateway');
  } catch (error) {
    await Promise.allSettled([probes?.close(), closeAdapters()]);
    throw error;
  }
  const address = options.advertise ?? `${advertisedHost(options.listen)}:${port}`;
  const hotKeys = new HotKeys(tracker);
  reporter = new Reporter({
    cluster,
    gateway: id,
    address,
    bus,
    current,
    tracker,
    log,
    moved: () => mover.moved,
    hotKeys: () => hotKeys.at(performance.now()),
  });
  reporter.start();
  log.info({ event: 'listening', port, probes: probes.port, address }, `gateway ${id} listens on port ${port}`);

  /** Each step makes the next one harmless. */
  const stop = async () => {
    // Unready first, while everything still works: load balancers take the gateway out before it refuses anybody.
    stopping = true;
    const { unreadyMs, drainMs } = live;
    if (unreadyMs > 0) await delay(unreadyMs);
    // No more moves: all are told to go now. Rings still come, and redirect who is still connecting.
    mover.stop();
    // Then nobody new comes in, on kept connections neither, so that the number of those inside only falls.
    plane.retire();
    const closed = new Promise<void>((resolve) => plane.server.close(() => resolve()));
    // Then those inside go, spread out, so that the other gateways are not hit by all of them at once.
    const drained = performance.now() + drainMs;
    await closeAll(tracker, drainMs, limits.value);
    // Requests under way have the drain time too. The server itself would wait for upgraded sockets, but never end them.
    await plane.answered(Math.max(0, drained - performance.now()));
    await plane.destroy();
    await closed;
    // The controller counts on the reports until here; after the leave message it waits for this gateway no longer.
    updates.stop();
    await reporter.leave();
    await closeAdapters();
    // Probes last: until here they say that the process is alive and stopping.
    await probes.close();
  };

  return {
    port,
    probePort: probes.port,
    get connections() {
      return tracker.size;
    },
    get sockets() {
      return plane.sockets.size;
    },
    change(changed) {
      live = changed;
    },
    stop,
  };
}

/** An address that listens on all interfaces is none that anybody can connect to. */
function advertisedHost({ host }: HostPort): string {
  if (host === '::' || host === '0.0.0.0') return hostname();
  return host.includes(':') ? `[${host}]` : host;
}
