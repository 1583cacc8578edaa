import type { Logger } from '@wscluster/service';
import type { Workload } from '../../core/ports/workload-source.ts';
import { type ProbeResult, probeReadiness, Readiness } from '../readiness.ts';
import type { ContainerFacts } from './facts.ts';

/** Time between probes of a node with a health check, which are there only to learn that it drains, ms. */
const DRAIN_PROBE_MS = 1000;
/** A node that is not ready for this long is worth a line, ms. */
const OVERDUE_MS = 30_000;

export interface DockerNodeHandlers {
  /** Its phase changed by what a probe found. */
  onChange(): void;
  /** It says on its readiness path that it drains. */
  onDraining(): void;
}

/** A container as it was listed last. */
export interface NodeView {
  readonly facts: ContainerFacts;
  readonly address: string | undefined;
  readonly readinessPath: string;
}

/** Watches one running container: whether it is ready, by its health check if it has one, else by probes of ours. */
export class DockerNode {
  /** When it was first seen, by performance.now(). */
  readonly since = performance.now();
  readonly #handlers: DockerNodeHandlers;
  readonly #log: Logger;
  #view: NodeView;
  #phase: 'starting' | 'ready' | 'unready' = 'starting';
  #readiness = new Readiness();
  #timer: NodeJS.Timeout | undefined;
  #probe: AbortController | undefined;
  #looked = Promise.withResolvers<void>();
  #lastProbe: ProbeResult | undefined;
  #overdueAt: number | undefined;
  #closed = false;

  constructor(view: NodeView, log: Logger, handlers: DockerNodeHandlers) {
    this.#view = view;
    this.#handlers = handlers;
    this.#log = log;
    this.#begin();
  }

  get facts(): ContainerFacts {
    return this.#view.facts;
  }

  get address(): string | undefined {
    return this.#view.address;
  }

  get phase(): Exclude<Workload['phase'], 'gone' | 'draining'> {
    return this.#phase;
  }

  /** Resolves when it was probed once, or cannot be probed. */
  get looked(): Promise<void> {
    return this.#looked.promise;
  }

  /** Takes over what a listing found. */
  update(view: NodeView): void {
    const before = this.#view;
    this.#view = view;
    if (view.facts.startedAt !== before.facts.startedAt) {
      // Another run: what was true of the one before says nothing of it.
      this.#readiness = new Readiness();
      this.#phase = 'starting';
      this.#begin();
    } else if (isReachable(view) !== isReachable(before)) this.#begin();
    else this.#settle();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#probe?.abort();
    this.#looked.resolve();
  }

  /** Probes from now on, or no more while it cannot be reached. */
  #begin(): void {
    clearTimeout(this.#timer);
    this.#probe?.abort();
    this.#probe = undefined;
    if (isReachable(this.#view)) {
      this.#overdueAt = performance.now() + OVERDUE_MS;
      void this.#look();
    } else {
      this.#readiness.interrupt();
      this.#looked.resolve();
    }
    this.#settle();
  }

  async #look(): Promise<void> {
    const { address = '', readinessPath, facts } = this.#view;
    const probe = new AbortController();
    this.#probe = probe;
    const result = await probeReadiness(address, { path: readinessPath, signal: probe.signal });
    // Given up, or another began meanwhile.
    if (this.#closed || this.#probe !== probe) return;
    this.#lastProbe = result;
    this.#readiness.take(result);
    this.#looked.resolve();
    if (result.state === 'draining') this.#handlers.onDraining();
    if (this.#settle()) this.#handlers.onChange();
    const waitMs = facts.health === 'none' ? this.#readiness.nextProbeMs : DRAIN_PROBE_MS;
    this.#timer = setTimeout(() => void this.#look(), waitMs);
  }

  /** Works out its phase; true when that is another one. */
  #settle(): boolean {
    const { facts, address } = this.#view;
    const healthy = facts.health === 'none' ? this.#readiness.phase === 'ready' : facts.health === 'healthy';
    const phase = isReachable(this.#view) && healthy ? 'ready' : this.#phase === 'starting' ? 'starting' : 'unready';
    const before = this.#phase;
    this.#phase = phase;
    if (phase === 'starting') this.#sayOverdue();
    if (phase === before) return false;
    const { id, name } = facts;
    this.#log.info({ event: `node-${phase}`, node: id, container: name, address }, `node ${name} is ${phase}`);
    return true;
  }

  #sayOverdue(): void {
    if (this.#overdueAt === undefined || performance.now() < this.#overdueAt) return;
    this.#overdueAt = undefined;
    const { facts, address, readinessPath } = this.#view;
    const { id, name, health } = facts;
    const reason = this.#lastProbe?.state === 'failed' ? this.#lastProbe.reason : 'no answer';
    const [why, action] =
      health === 'none'
        ? [
            `GET http://${address}${readinessPath}: ${reason}`,
            `check that its program listens on all interfaces of the container, at that port: docker logs ${name}`,
          ]
        : [`its health check says ${health}`, `see the output of the health check: docker inspect ${name}`];
    this.#log.warn(
      { event: 'node-not-ready', node: id, container: name, address, action },
      `node ${name} has been running for ${OVERDUE_MS / 1000} s and is not ready: ${why}`,
    );
  }
}

function isReachable({ facts, address }: NodeView): boolean {
  return facts.running && !facts.paused && address !== undefined;
}
