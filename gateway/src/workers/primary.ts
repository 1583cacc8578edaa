import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type Broadcast, compareRevisions, isReport, messageOf, type Revision, type Uplink } from '@wscluster/ring';
import {
  type HostPort,
  listen,
  logBug,
  type ProbeListener,
  type ProcessLogger,
  type Running,
  startProbes,
  stopListening,
} from '@wscluster/service';
import type { FollowerHandlers, RingBusFollower } from '@wscluster/transport';
import { advertisedHost } from '../gateway.ts';
import type { GatewayOptions, LiveOptions } from '../gateway-options.ts';
import { Reporter } from '../updates/reporter.ts';
import { MergedReports } from './merged-reports.ts';
import type { FromWorker } from './messages.ts';
import { ReleaseShares } from './release-shares.ts';
import { Silence } from './silence.ts';
import { sharedSurplus } from './surplus-shares.ts';
import { WorkerMetrics } from './worker-metrics.ts';
import { WorkerPool } from './worker-pool.ts';

export interface PrimaryOptions extends GatewayOptions {
  readonly probes: HostPort;
  /** Its level is that of the workers. */
  readonly log: ProcessLogger;
}

/** Milliseconds between two looks for workers that hang; they report as often. */
const WATCH_MS = 1_000;
/** Beyond the drain, what a worker may need to close its last connections. */
const STOP_MS = 10_000;

/**
 * A gateway of several processes. This one, the primary, has the only connections to the bus and to the store, the
 * probes, and the gateway's name; the workers, which share its port, have the clients.
 *
 * ```
 *  bus ──rings, heartbeats──▶ primary ──▶ each worker, with its share of the pace
 *  bus ◀──────one report───── primary ◀── reports of the workers
 * ```
 */
export class Primary implements Running, FollowerHandlers {
  readonly #options: PrimaryOptions;
  readonly #count: number;
  readonly #pool: WorkerPool;
  readonly #reports = new MergedReports();
  readonly #shares = new ReleaseShares();
  readonly #silence = new Silence();
  readonly #metrics: WorkerMetrics;
  /** Why each worker is not ready; none while it does not listen. */
  readonly #problems = new Map<number, string | undefined>();
  #live: LiveOptions;
  #port = 0;
  #bus: RingBusFollower | undefined;
  #reporter: Reporter | undefined;
  #probes: ProbeListener | undefined;
  #loading: ReturnType<GatewayOptions['store']['load']> | undefined;
  #applied: Revision | undefined;
  #watching: NodeJS.Timeout | undefined;
  #stopping = false;

  constructor(options: PrimaryOptions, count: number) {
    this.#options = options;
    this.#count = count;
    this.#live = options;
    this.#pool = new WorkerPool(
      count,
      { onMessage: (worker, message) => this.#onMessage(worker, message), onGone: (worker) => this.#onGone(worker) },
      options.log,
    );
    this.#metrics = new WorkerMetrics(this.#pool);
  }

  /** Starts all of it, in the order of a gateway of one process. */
  async start(): Promise<void> {
    const { cluster, id, log, listen: address, advertise } = this.#options;
    this.#port = await freePort(address);
    this.#bus = await this.#options.openBus(this);
    try {
      await this.#pool.start();
      this.#probes = await startProbes(this.#options.probes, () => this.#problem, this.#metrics);
    } catch (error) {
      await this.#end(0);
      throw error;
    }
    this.#reporter = new Reporter({
      cluster,
      gateway: id,
      address: advertise ?? `${advertisedHost(address)}:${this.#port}`,
      bus: this.#bus,
      counts: this.#reports.counts,
      log,
      applied: () => this.#applied,
      moved: () => this.#reports.moved,
      migrated: () => this.#reports.migrated,
      hotKeys: () => this.#reports.hotKeys,
      hotSlots: () => this.#reports.hotSlots,
      load: this.#reports.load,
    });
    this.#reporter.start();
    this.#watching = setInterval(() => this.#watch(), WATCH_MS);
    log.info(
      { event: 'workers-started', port: this.#port, probes: this.#probes.port, workers: this.#count },
      `gateway ${id} listens on port ${this.#port} with ${this.#count} workers`,
    );
  }

  /**
   * Takes effect when the gateway stops; open connections do not notice. The workers take over the level of the log.
   */
  change(options: LiveOptions): void {
    this.#live = options;
    this.#pool.tellAll({ say: 'change', options, logLevel: this.#options.log.level });
  }

  /** The workers serve clients meanwhile. */
  survive(event: string, error: unknown): void {
    this.#metrics.countBug();
    logBug(this.#options.log, event, error);
  }

  async stop(): Promise<void> {
    const { unreadyMs, drainMs } = this.#live;
    this.#stopping = true;
    if (unreadyMs > 0) await delay(unreadyMs);
    await this.#end(drainMs);
  }

  async #end(drainMs: number): Promise<void> {
    clearInterval(this.#watching);
    await this.#pool.stop(drainMs + STOP_MS);
    await this.#reporter?.leave();
    await Promise.allSettled([this.#bus?.close(), this.#options.store.close()]);
    await this.#probes?.close();
  }

  onConnected(): void {
    this.#pool.tellAll({ say: 'connected', connected: true });
    this.#reporter?.reconnected();
  }

  onDisconnected(): void {
    this.#pool.tellAll({ say: 'connected', connected: false });
  }

  onBroadcast(message: Broadcast): void {
    if (message.type === 'heartbeat') this.#reporter?.onHeartbeat(message);
    const workers = this.#pool.running;
    // All hold the same ring, and one copy will do.
    const receivers = message.type === 'recall' ? workers.slice(0, 1) : workers;
    const connections = new Map(workers.map((worker) => [worker, this.#reports.connectionsOf(worker)]));
    const total = [...connections.values()].reduce((sum, count) => sum + count, 0);
    for (const worker of receivers) {
      const part = { worker, workers: this.#count, connections: connections.get(worker) ?? 0, total };
      const shared = sharedSurplus(this.#shares.shared(message, part), this.#options.id, part);
      this.#pool.tell(worker, { say: 'broadcast', message: this.#askedOf(worker, shared) });
    }
  }

  /** The controller asks the gateway for a whole report, and the gateway asks its workers. */
  #askedOf(worker: number, message: Broadcast): Broadcast {
    if (message.type !== 'heartbeat' || message.reporting === undefined) return message;
    const wholeOf = this.#reports.isAwaited(worker) ? [this.#options.id] : [];
    return { ...message, reporting: { ...message.reporting, wholeOf } };
  }

  get #problem(): string | undefined {
    if (this.#stopping) return 'stopping';
    const problems = [...this.#problems.values()];
    if (problems.length === 0) return 'no worker listens yet';
    return problems.includes(undefined) ? undefined : problems[0];
  }

  #onMessage(worker: number, message: FromWorker): void {
    if (message.say === 'hello') this.#begin(worker);
    else if (message.say === 'uplink') this.#onUplink(worker, message.message);
    else if (message.say === 'load') this.#load(worker).catch((error: unknown) => this.survive('load-broken', error));
    else if (message.say === 'listens') this.#problems.set(worker, message.problem);
    else this.#metrics.take(worker, message.metrics);
  }

  #begin(worker: number): void {
    const { cluster, id, advertise, log, listen: address } = this.#options;
    const { unreadyMs, drainMs } = this.#live;
    this.#pool.tell(worker, {
      say: 'begin',
      connected: this.#bus?.connected === true,
      options: {
        ...{ worker, workers: this.#count, cluster, id, advertise, unreadyMs, drainMs },
        listen: { host: address.host, port: this.#port },
        logLevel: log.level,
      },
    });
  }

  #onUplink(worker: number, message: Uplink): void {
    if (isReport(message)) {
      this.#silence.heard(worker);
      this.#reports.take(worker, message);
      this.#acknowledge();
    } else if (message.type === 'held') this.#reporter?.giveBack(message.ring);
    // A worker that leaves says so by ending.
  }

  /** What all workers route by that are not late is what the gateway routes by. */
  #acknowledge(): void {
    const applied = this.#reports.appliedBy(this.#pool.running.filter((worker) => !this.#silence.isLate(worker)));
    if (applied === undefined) return;
    const isNewer = this.#applied === undefined || compareRevisions(applied, this.#applied) > 0;
    this.#applied = applied;
    // The workers have waited a random time already.
    if (isNewer) this.#reporter?.report();
  }

  #watch(): void {
    if (this.#bus?.connected !== true) return;
    const { log } = this.#options;
    for (const worker of this.#silence.tick()) {
      const action = 'look for what keeps it busy (a CPU profile, its last log lines); it is replaced';
      log.error({ event: 'worker-hung', worker, action }, `worker ${worker} hangs and is ended`);
      this.#silence.drop(worker);
      this.#pool.kill(worker);
    }
    this.#acknowledge();
  }

  /** Workers that ask at the same time get the same answer. */
  async #load(worker: number): Promise<void> {
    this.#loading ??= this.#options.store.load().finally(() => {
      this.#loading = undefined;
    });
    try {
      this.#pool.tell(worker, { say: 'loaded', ring: await this.#loading });
    } catch (error) {
      this.#pool.tell(worker, { say: 'load-failed', message: messageOf(error) });
    }
  }

  #onGone(worker: number): void {
    this.#problems.delete(worker);
    this.#reports.drop(worker);
    this.#shares.drop(worker);
    this.#silence.drop(worker);
  }
}

/**
 * The port that the workers are to share. Rejects like `listen` if it is taken: workers would share it even with
 * strangers.
 */
async function freePort(address: HostPort): Promise<number> {
  const server = createServer();
  const port = await listen(server, address, 'gateway');
  await stopListening(server);
  return port;
}
