import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { inParallel, type Logger, SerialQueue } from '@wscluster/service';
import type { SourceHandlers, Workload, WorkloadSource } from '../../core/ports/workload-source.ts';
import { Addresses } from './addresses.ts';
import type { DockerConnection } from './connection.ts';
import { ContainerRows, leavesRows } from './container-rows.ts';
import { containerOf, FORCE_MARGIN_SECONDS } from './creation.ts';
import { Departed, endedRow } from './departed.ts';
import { DockerNode, type NodeView } from './docker-node.ts';
import { type DrainStore, Drains } from './drains.ts';
import { Engine, nameOf } from './engine.ts';
import type { ContainerEvent } from './event.ts';
import { EventWatch } from './event-watch.ts';
import { type ContainerFacts, hasEndedIn, hasStarted } from './facts.ts';
import { FactsCache } from './facts-cache.ts';
import { ImagePuller } from './image-puller.ts';
import { isManaged, isSelected, managedLabels, nodeLabels } from './labels.ts';
import type { DockerNodeSettings } from './settings.ts';
import { StopSignals } from './stop-signals.ts';

export { type DockerConnection, publishedHostOf } from './connection.ts';
export type { DrainStore } from './drains.ts';
export type { DockerNodeSettings } from './settings.ts';

/** Concurrent requests to the engine. */
const REQUESTS = 16;
/** How long an ended node is listed as gone, so that no listing misses its end, ms. */
const TOMBSTONE_MS = 60_000;
/** A managed container that has not been started this long after its creation never will be, ms. */
const STILLBORN_MS = 60_000;
/** How long the engine may be late to kill a container before it is killed again, ms. */
const FORCE_SLACK_MS = 2000;
/** When the whole system ends, nobody is served any longer: nodes get this long to end, s. */
const END_GRACE_SECONDS = 1;
/** The deadline for removing all of them, ms. */
const END_DEADLINE_MS = 60_000;
const END_LOOK_MS = 20;
export interface DockerSourceOptions {
  readonly connection: DockerConnection;
  /** Name of the cluster. */
  readonly cluster: string;
  /** Read at each use. */
  readonly settings: () => DockerNodeSettings;
  readonly drains: DrainStore;
  /** How long an ended managed container is kept for its logs, and listed as gone, ms; default 60,000. */
  readonly tombstoneMs?: number;
  readonly log: Logger;
}

/**
 * Nodes as containers of one Docker engine: those with the selector's labels, whoever started them, and those that the
 * controller creates. Rejects with CONFIG_INVALID, or as `drains.load` does. It does not reject if the engine does not
 * answer: list() then does, and the connection is retried.
 */
export async function openDockerSource(
  options: DockerSourceOptions,
  handlers: SourceHandlers,
): Promise<WorkloadSource> {
  const engine = new Engine(options.connection);
  return new DockerSource(options, handlers, engine, await Drains.load(options.drains, options.log));
}

class DockerSource implements WorkloadSource {
  readonly #options: DockerSourceOptions;
  readonly #log: Logger;
  readonly #engine: Engine;
  readonly #drains: Drains;
  readonly #rows: ContainerRows;
  readonly #facts: FactsCache;
  readonly #watch: EventWatch;
  readonly #addresses: Addresses;
  readonly #images: ImagePuller;
  readonly #onChange: () => void;
  /** Containers that have not ended, as last listed. */
  readonly #nodes = new Map<string, DockerNode>();
  readonly #departed: Departed;
  readonly #signals = new StopSignals();
  /** When containers that were asked to stop should have ended. */
  readonly #stopBy = new Map<string, number>();
  readonly #listings = new SerialQueue();
  #listed = false;
  #closed = false;

  constructor(options: DockerSourceOptions, handlers: SourceHandlers, engine: Engine, drains: Drains) {
    this.#options = options;
    this.#log = options.log;
    this.#engine = engine;
    this.#drains = drains;
    this.#onChange = () => handlers.onChange();
    this.#rows = new ContainerRows(options.cluster, (labels) => engine.list(labels));
    this.#facts = new FactsCache((id) => engine.inspect(id));
    this.#addresses = new Addresses(options.log);
    const { cluster, tombstoneMs: keepMs = TOMBSTONE_MS, log } = options;
    this.#departed = new Departed({ cluster, keepMs, log });
    this.#images = new ImagePuller((image) => engine.pull(image), options.log);
    this.#watch = new EventWatch((since) => engine.events(since), options.log, {
      onEvent: (event) => this.#take(event),
      onOpen: () => {
        this.#rows.forget();
        this.#facts.forgetAll();
        this.#onChange();
      },
    });
  }

  /** One listing at a time: an older one must not overwrite the result of a newer one. */
  list(): Promise<readonly Workload[]> {
    return this.#listings.run(() => this.#listNow());
  }

  async create(): Promise<string> {
    const { cluster, settings } = this.#options;
    const now = settings();
    if (now.image === undefined)
      throw new WsClusterError('CONFIG_INVALID', 'nodes cannot be created without an image', { field: 'nodes.image' });
    if (!(await this.#engine.hasImage(now.image))) await this.#images.need(now.image);
    const name = `${cluster}-node-${randomBytes(4).toString('hex')}`;
    const id = await this.#engine.run(name, containerOf(cluster, now.image, now));
    this.#rows.forget();
    this.#log.info({ event: 'node-started', node: id, container: name }, `started node ${name}`);
    return id;
  }

  async drain(id: string): Promise<void> {
    const { facts } = await this.#find(id);
    await this.#drains.add(id, facts.startedAt);
    this.#onChange();
  }

  async stop(id: string): Promise<void> {
    const node = await this.#find(id);
    const drainMs = this.#options.settings().drainSeconds * 1000;
    const graceMs = Math.max(0, drainMs - this.#drains.spentMs(id)) + FORCE_MARGIN_SECONDS * 1000;
    this.#drains.note(id, node.facts.startedAt);
    const asked = this.#stopBy.has(id);
    this.#stopBy.set(id, Math.min(this.#stopBy.get(id) ?? Number.POSITIVE_INFINITY, performance.now() + graceMs));
    // Sent only once: a second stop signal would end many programs immediately. Listings notice when its time is up.
    if (asked || this.#signals.has(node.facts)) return;
    this.#engine.stop(id, Math.ceil(graceMs / 1000)).catch((error: unknown) => {
      this.#stopBy.delete(id);
      if (this.#closed) return;
      this.#log.warn(
        { event: 'node-stop-failed', node: id, error, action: 'none: the controller asks again while the node drains' },
        messageOf(error),
      );
    });
  }

  async kill(id: string): Promise<void> {
    await this.#find(id);
    if (!(await this.#engine.kill(id))) throw notFound(id);
    this.#rows.forget();
  }

  async endAll(): Promise<void> {
    const deadline = performance.now() + END_DEADLINE_MS;
    for (;;) {
      const rows = await this.#engine.list(managedLabels(this.#options.cluster));
      if (rows.length === 0) break;
      if (performance.now() > deadline)
        throw new WsClusterError(
          'SOURCE_UNAVAILABLE',
          `these containers cannot be removed: ${rows.map(nameOf).join(', ')}; remove them by hand: docker rm -f`,
        );
      await inParallel(REQUESTS, rows, async ({ Id, State }) => {
        if (!hasEndedIn(State)) await this.#engine.stop(Id, END_GRACE_SECONDS);
        await this.#engine.remove(Id, true);
      });
      await delay(END_LOOK_MS);
    }
    this.#onChange();
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const node of this.#nodes.values()) node.close();
    this.#engine.close();
    await this.#watch.close();
    await this.#listings.idle();
    // A listing that was in progress may have found more nodes.
    for (const node of this.#nodes.values()) node.close();
    await this.#drains.settled();
  }

  #take({ container, action, signal, labels, at }: ContainerEvent): void {
    const { cluster, settings } = this.#options;
    const isOurs =
      this.#nodes.has(container) ||
      this.#departed.hasEnded(container) ||
      (labels !== undefined && isSelected(labels, settings().selector, cluster));
    if (!isOurs) return;
    this.#facts.forget(container);
    if (leavesRows(action)) this.#rows.useAgain(container);
    else this.#rows.forget();
    if (action === 'kill' && signal !== undefined) {
      this.#signals.note(container, signal, at);
    } else if (action === 'destroy') {
      this.#signals.forget(container);
      const known = this.#nodes.get(container)?.facts.labels ?? labels ?? {};
      this.#departed.remove(container, isManaged(known, cluster));
    }
    this.#onChange();
  }

  async #listNow(): Promise<readonly Workload[]> {
    await this.#watch.tried;
    const now = this.#options.settings();
    const rows = await this.#rows.read(now.selector);
    const [endedRows, aliveRows] = split(rows, ({ State }) => hasEndedIn(State));
    const facts = (await inParallel(REQUESTS, aliveRows, (row) => this.#facts.read(row))).filter(
      (one) => one !== undefined,
    );
    // Ended or removed since the rows were read.
    const alive = facts.filter((one) => !one.ended && !this.#departed.isRemoved(one.id));

    const ended = [...endedRows.map(endedRow), ...facts.filter((one) => one.ended)];
    for (const { id } of ended) this.#signals.forget(id);
    this.#departed.list(ended, (id) => this.#drains.since(id) !== undefined);
    this.#noteAlive(alive, now);
    const ids = new Set(rows.map(({ Id }) => Id));
    this.#facts.keepOnly(ids);
    this.#drains.keepOnly(new Set(alive.map(({ id }) => id)));
    for (const id of this.#stopBy.keys()) if (!this.#nodes.has(id)) this.#stopBy.delete(id);
    this.#cleanUp();

    if (!this.#listed) await Promise.all([...this.#nodes.values()].map((node) => node.looked));
    this.#listed = true;
    return [
      ...[...this.#nodes].map(([id, node]) => this.#workload(id, node)),
      ...this.#departed.workloads.filter(({ id }) => !this.#nodes.has(id)),
    ];
  }

  #noteAlive(alive: readonly ContainerFacts[], settings: DockerNodeSettings): void {
    const addresses = this.#addresses.resolve(alive, settings);
    const ids = new Set(alive.map(({ id }) => id));
    for (const [id, node] of this.#nodes) {
      if (ids.has(id)) continue;
      node.close();
      this.#nodes.delete(id);
    }
    for (const facts of alive) {
      const { id } = facts;
      const view = { facts, address: addresses.get(id), readiness: settings.readiness };
      // The event of a start may come before the container is complete: look again until it is.
      if (view.address === undefined && facts.running) this.#facts.forget(id);
      this.#drains.observe(id, facts.startedAt);
      const node = this.#nodes.get(id);
      if (node !== undefined && node.facts.startedAt !== facts.startedAt) this.#stopBy.delete(id);
      if (node === undefined) this.#watchNode(view);
      else node.update(view);
      if (this.#signals.has(facts) || nodeLabels(facts.labels).drain) this.#drains.note(id, facts.startedAt);
    }
  }

  #watchNode(view: NodeView): void {
    const { id } = view.facts;
    const node = new DockerNode(view, this.#log, {
      onChange: this.#onChange,
      onDraining: () => {
        if (this.#drains.since(id) !== undefined) return;
        this.#drains.note(id, node.facts.startedAt);
        this.#onChange();
      },
    });
    this.#nodes.set(id, node);
  }

  #workload(id: string, node: DockerNode): Workload {
    const { facts, statedWeight } = node;
    const drainingSince = this.#drains.since(id);
    const { weight, maxConnections } = nodeLabels(facts.labels);
    return {
      id,
      name: facts.name,
      image: facts.image,
      createdAt: facts.createdAt,
      address: node.address,
      phase: drainingSince === undefined ? node.phase : 'draining',
      managed: this.#isManaged(facts),
      ...(weight === undefined ? {} : { weight }),
      ...(statedWeight === undefined ? {} : { statedWeight }),
      ...(maxConnections === undefined ? {} : { maxConnections }),
      ...(drainingSince === undefined ? {} : { drainingSince }),
    };
  }

  /** Work that has to be done at some point, and that no listing waits for. */
  #cleanUp(): void {
    const now = performance.now();
    const unstarted = [...this.#nodes.values()].filter(({ facts }) => !hasStarted(facts) && this.#isManaged(facts));
    const stillborn = unstarted.filter(({ since }) => now - since > STILLBORN_MS).map(({ facts }) => facts.id);
    for (const id of [...this.#departed.removable, ...stillborn])
      this.#inBackground(this.#engine.remove(id, false), id, 'remove it by hand: docker rm');
    for (const [id, stopBy] of this.#stopBy)
      if (now > stopBy + FORCE_SLACK_MS) this.#inBackground(this.#engine.kill(id), id, 'end it by hand: docker kill');
  }

  #isManaged({ labels }: ContainerFacts): boolean {
    return isManaged(labels, this.#options.cluster);
  }

  #inBackground(work: Promise<unknown>, id: string, action: string): void {
    work.catch((error: unknown) => {
      if (!this.#closed) this.#log.warn({ event: 'node-clean-up-failed', node: id, error, action }, messageOf(error));
    });
  }

  async #find(id: string): Promise<DockerNode> {
    if (!this.#nodes.has(id)) await this.list();
    const node = this.#nodes.get(id);
    if (node === undefined) throw notFound(id);
    return node;
  }
}

function notFound(id: string): WsClusterError {
  return new WsClusterError('NOT_FOUND', `there is no node ${id}`, { field: 'id' });
}

function split<T>(list: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [list.filter(test), list.filter((item) => !test(item))];
}
