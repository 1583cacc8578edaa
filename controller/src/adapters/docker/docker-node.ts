import { type Logger, logBug } from '@wscluster/service';
import type { ReadinessRule } from '../../core/ports/readiness-rule.ts';
import type { Workload } from '../../core/ports/workload-source.ts';
import type { ProbeResult } from '../probe.ts';
import { Readiness } from '../readiness.ts';
import { ReadinessCheck } from '../readiness-check.ts';
import { StatedWeight } from '../stated-weight.ts';
import type { ContainerFacts } from './facts.ts';

/** Time between probes of a node with a health check, ms. They only find out whether it is draining. */
const DRAIN_PROBE_MS = 1000;
/** A node that is not ready after this long is logged, ms. */
const OVERDUE_MS = 30_000;

export interface DockerNodeHandlers {
  /** A probe has changed its phase, or the weight that it says. */
  onChange(): void;
  /** Its readiness path says that it is draining. */
  onDraining(): void;
}

/** A container as last listed. */
export interface NodeView {
  readonly facts: ContainerFacts;
  readonly address: string | undefined;
  /** Read when a run of it begins. */
  readonly readiness: ReadinessRule;
}

/** Watches one running container: whether it is ready, by its health check, or by probing it if it has none. */
export class DockerNode {
  /** When it was first seen, by performance.now(). */
  readonly since = performance.now();
  readonly #handlers: DockerNodeHandlers;
  readonly #log: Logger;
  #view: NodeView;
  #phase: 'starting' | 'ready' | 'unready' = 'starting';
  #readiness = new Readiness();
  #check: ReadinessCheck;
  #stated: StatedWeight;
  #toldTcp = false;
  #timer: NodeJS.Timeout | undefined;
  #probe: AbortController | undefined;
  #looked = Promise.withResolvers<void>();
  #lastProbe: ProbeResult | undefined;
  #overdueAt: number | undefined;
  #closed = false;

  constructor(view: NodeView, log: Logger, handlers: DockerNodeHandlers) {
    this.#view = view;
    this.#check = new ReadinessCheck(view.readiness);
    this.#stated = new StatedWeight(view.facts.name, log);
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

  /** The weight that it says itself; undefined if it says none. */
  get statedWeight(): number | undefined {
    return this.#stated.weight;
  }

  /** Resolves once it has been probed, or cannot be probed. */
  get looked(): Promise<void> {
    return this.#looked.promise;
  }

  /** Takes what a listing found. */
  update(view: NodeView): void {
    const before = this.#view;
    this.#view = view;
    if (view.facts.startedAt !== before.facts.startedAt) {
      // Another run: what was known about the previous run no longer holds.
      this.#readiness = new Readiness();
      this.#check = new ReadinessCheck(view.readiness);
      this.#stated = new StatedWeight(view.facts.name, this.#log);
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

  /** Starts probing, or stops while it cannot be reached. */
  #begin(): void {
    clearTimeout(this.#timer);
    this.#probe?.abort();
    this.#probe = undefined;
    if (isReachable(this.#view)) {
      this.#overdueAt = performance.now() + OVERDUE_MS;
      this.#look();
    } else {
      this.#readiness.interrupt();
      this.#looked.resolve();
    }
    this.#settle();
  }

  #look(): void {
    this.#ask().catch((error: unknown) => {
      logBug(this.#log, 'node-look-broken', error);
      if (!this.#closed) this.#timer = setTimeout(() => this.#look(), DRAIN_PROBE_MS);
    });
  }

  async #ask(): Promise<void> {
    const { address = '', facts } = this.#view;
    const probe = new AbortController();
    this.#probe = probe;
    const result = await this.#check.ask(address, { signal: probe.signal });
    // Stopped, or superseded by another probe.
    if (this.#closed || this.#probe !== probe) return;
    this.#lastProbe = result;
    if (result.state === 'ready' && result.by === 'tcp' && facts.health === 'none') this.#sayByTcp();
    this.#readiness.take(result);
    this.#looked.resolve();
    if (result.state === 'draining') this.#handlers.onDraining();
    const reweighted = this.#stated.take(result);
    if (this.#settle() || reweighted) this.#handlers.onChange();
    const waitMs = facts.health === 'none' ? this.#readiness.nextProbeMs : DRAIN_PROBE_MS;
    this.#timer = setTimeout(() => this.#look(), waitMs);
  }

  /** Recomputes its phase; true if it has changed. */
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

  #sayByTcp(): void {
    if (this.#toldTcp) return;
    this.#toldTcp = true;
    const { id, name } = this.#view.facts;
    this.#log.info(
      { event: 'node-ready-by-tcp', node: id, container: name },
      `node ${name} answers no plain HTTP: it is ready because it accepts connections`,
    );
  }

  #sayOverdue(): void {
    if (this.#overdueAt === undefined || performance.now() < this.#overdueAt) return;
    this.#overdueAt = undefined;
    const { facts, address } = this.#view;
    const { id, name, health } = facts;
    const reason = this.#lastProbe?.state === 'failed' ? this.#lastProbe.reason : 'no answer';
    const [why, action] =
      health === 'none'
        ? [
            reason,
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
