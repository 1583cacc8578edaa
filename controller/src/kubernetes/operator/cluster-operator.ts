import { messageOf, WsClusterError } from '@wscluster/ring';
import { CoalescedRunner, type Logger, Trouble } from '@wscluster/service';
import { Candidate } from '../../core/loop/candidate.ts';
import type { Reign } from '../../core/loop/reign.ts';
import { isProgress } from '../../core/loop/status/conditions.ts';
import type { Leadership } from '../../core/ports/leadership.ts';
import type { WsCluster } from '../../core/spec/schema.ts';
import type { Kube } from '../client/kube.ts';
import { FINALIZER } from '../names.ts';
import { addFinalizer, removeFinalizer } from './cleanup.ts';
import type { EventWriter } from './event-writer.ts';
import { GatewayKeeper, type WantedObject } from './gateway-keeper.ts';
import type { KnownSecrets } from './known-secrets.ts';
import type { OwnedObjects } from './owned-objects.ts';
import { type ClusterResource, clusterOf, foundationOf } from './resource.ts';
import { ResourceSpec } from './resource-spec.ts';
import { brokenStatus, type Obstacle, obstacleOf, statusOf } from './status.ts';
import { StatusWriter } from './status-writer.ts';

/** What leading a cluster takes beside its resource. */
export interface Opened {
  readonly reign: Reign;
  /** What stands in the way though the ring is well; undefined when nothing does. */
  obstacle(): Obstacle | undefined;
  /** What was read of Secrets, for when they are gone before the cluster is. */
  secrets(): KnownSecrets;
  /** The connections of each node have been counted; each second. */
  counted(connections: ReadonlyMap<string, number>): void;
  /** Before the reign is stopped. */
  close(): Promise<void>;
}

export interface ClusterOperatorParts {
  readonly kube: Kube;
  readonly log: Logger;
  /** The lead of this process, over all clusters. */
  readonly lead: Pick<Leadership, 'leading'>;
  /** The same for one cluster, which may give up its part. */
  leadershipOf(): Leadership;
  /** Base URL of this process's API. */
  readonly self: string;
  readonly owned: OwnedObjects;
  readonly events: EventWriter;
  /**
   * Opens secrets, bus, store, source and registry, and starts to lead. Rejects with what they reject with, closed again.
   * `begin` is awaited before anything is written outside of Kubernetes.
   */
  open(
    spec: ResourceSpec,
    resource: ClusterResource,
    leadership: Pick<Leadership, 'leading' | 'confirm'>,
    begin: () => Promise<void>,
  ): Promise<Opened>;
  /** Whether it could be opened as this says: rejects with what is missing. */
  check(resource: ClusterResource, cluster: WsCluster): Promise<void>;
  /** Takes a cluster's instances out of a registry that it does not name any more. Rejects while that cannot be done. */
  leaveRegistry(resource: ClusterResource, cluster: WsCluster, secrets: KnownSecrets | undefined): Promise<void>;
  /** The objects of the gateways. */
  wanted(spec: ResourceSpec, resource: ClusterResource): readonly WantedObject[];
  /** Removes what the cluster has outside of Kubernetes. Rejects while that cannot be done. */
  cleanUp(resource: ClusterResource, cluster: WsCluster, secrets: KnownSecrets | undefined): Promise<void>;
}

const STATUS_MS = 1_000;
const MAX_RETRY_MS = 10_000;
/** A new leader needs some seconds to know what there is; the status that is there counts meanwhile, ms. */
const SETTLE_MS = 20_000;
/** A cluster that cannot be cleaned up after for a reason that nobody can mend any more is let go after this time, ms. */
const GIVE_UP_MS = 60_000;

/** One WsCluster resource: serves it while this process leads, tells its status, and cleans up after it. */
export class ClusterOperator {
  readonly candidate: Candidate;
  readonly #parts: ClusterOperatorParts;
  readonly #deletion: CoalescedRunner;
  /** Until a spec that needs other secrets, brokers or registries can be opened. */
  readonly #foundationCheck: CoalescedRunner;
  /** Registries that the cluster has left. */
  readonly #leaving: CoalescedRunner;
  #left: { readonly cluster: WsCluster; readonly secrets: KnownSecrets }[] = [];
  readonly #statusWriter: StatusWriter;
  readonly #timer: NodeJS.Timeout;
  #resource: ClusterResource;
  #led: { spec: ResourceSpec; keeper: GatewayKeeper; opened: Opened; since: number } | undefined;
  /** Of the spec as it is now, while the one before counts. */
  #specProblem: Obstacle | undefined;
  readonly #specTrouble: Trouble;
  #deletionProblem: Obstacle | undefined;
  readonly #deletionTrouble: Trouble;
  #ended: Promise<void> | undefined;
  /** The last resource that could be served. */
  #served: ClusterResource | undefined;
  #secrets: KnownSecrets | undefined;
  #deletionFailedAt: number | undefined;
  #cleaned = false;

  constructor(parts: ClusterOperatorParts, resource: ClusterResource) {
    const { kube, log, self, events } = parts;
    this.#parts = parts;
    this.#resource = resource;
    this.#specTrouble = new Trouble(log);
    this.#deletionTrouble = new Trouble(log);
    this.#statusWriter = new StatusWriter({
      kube,
      log,
      onCondition: ({ type, status, reason, message }) => {
        const severity = status === 'False' && !isProgress(reason) ? 'Warning' : 'Normal';
        const told = { type: severity, reason, message: `${type} is ${status}: ${message}` } as const;
        events.write(this.#resource, told, 'condition');
      },
    });
    this.#deletion = new CoalescedRunner(
      () => this.#delete(),
      (error) => this.#noteDeletion(error),
      MAX_RETRY_MS,
    );
    this.#foundationCheck = new CoalescedRunner(
      () => this.#checkFoundation(),
      (error) => this.#refuseSpec(error, this.#resource),
      MAX_RETRY_MS,
    );
    this.#leaving = new CoalescedRunner(
      () => this.#leaveRegistries(),
      (error) => log.debug({ event: 'registry-not-left', cluster: resource.id }, messageOf(error)),
      MAX_RETRY_MS,
    );
    this.candidate = new Candidate({
      name: resource.id,
      log,
      self,
      alone: false,
      leadership: parts.leadershipOf(),
      begin: (lead) => this.#begin(lead),
      standBy: async () => {},
      close: async () => {},
    });
    this.#timer = setInterval(() => void this.#writeStatus(), STATUS_MS);
    if (!resource.deleting) void this.candidate.start().catch(() => {});
    this.look(resource);
  }

  /** The resource as it is now. */
  look(resource: ClusterResource): void {
    const changed = resource.generation !== this.#resource.generation;
    this.#resource = resource;
    if (resource.deleting) this.#deletion.signal();
    if (resource.deleting || !changed) return;
    if (this.#led !== undefined) this.#takeSpec(this.#led.spec, resource);
    else if (this.candidate.failure !== undefined) this.candidate.restart();
  }

  /** One of the objects that belong to clusters has changed. */
  lookAtOwned(): void {
    this.#led?.keeper.look();
  }

  /** Nodes and gateways go on. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#parts.events.forget(this.#resource.uid);
    await Promise.all([
      this.#deletion.stop(),
      this.#foundationCheck.stop(),
      this.#leaving.stop(),
      this.#endCandidate(),
    ]);
  }

  async #begin(lead: Pick<Leadership, 'leading' | 'confirm'>) {
    const { kube, owned, log, events } = this.#parts;
    const resource = this.#resource;
    const spec = this.#servable(resource);
    const opened = await this.#parts.open(spec, resource, lead, () => addFinalizer(kube, resource));
    this.#secrets = opened.secrets();
    const keeper = new GatewayKeeper({
      kube,
      log: log.child({ cluster: resource.id }),
      unknown: () => owned.problem,
      wanted: () => this.#parts.wanted(spec, resource),
      existing: () => (owned.synced ? owned.of(resource.uid) : undefined),
      leading: () => lead.leading,
    });
    const { reign } = opened;
    const unlisten = reign.events.listen(({ type: about, message, details }) => {
      // What a new leader finds is no news.
      if (about !== 'node' || !reign.listed) return;
      const lost = details.state === 'unready' || details.state === 'gone' || details.state === 'restarting';
      const type = lost ? 'Warning' : 'Normal';
      events.write(this.#resource, { type, reason: nodeReason(details.state), message }, 'node');
    });
    this.#led = { spec, keeper, opened, since: performance.now() };
    // What came while it was opened.
    if (this.#resource.generation !== spec.generation) this.#takeSpec(spec, this.#resource);
    return {
      reign,
      close: async () => {
        this.#led = undefined;
        unlisten();
        await keeper.close();
        this.#secrets = opened.secrets();
        await opened.close();
        if (JSON.stringify(spec.opened.spec.registry) === JSON.stringify(spec.declared.spec.registry)) return;
        this.#left.push({ cluster: spec.opened, secrets: this.#secrets });
        this.#leaving.signal();
      },
    };
  }

  /** The spec of the resource, or of the last one that could be served. Throws CONFIG_INVALID when there was none. */
  #servable(resource: ClusterResource): ResourceSpec {
    const { kube } = this.#parts;
    try {
      const spec = new ResourceSpec(kube, resource);
      this.#acceptSpec();
      this.#served = resource;
      return spec;
    } catch (error) {
      if (this.#served === undefined) throw error;
      this.#refuseSpec(error, resource);
      return new ResourceSpec(kube, this.#served);
    }
  }

  #takeSpec(spec: ResourceSpec, resource: ClusterResource): void {
    try {
      spec.take(resource);
    } catch (error) {
      this.#refuseSpec(error, resource);
      return;
    }
    this.#served = resource;
    this.#acceptSpec();
    this.#led?.opened.reign.specChanged();
    this.#led?.keeper.look();
    this.#foundationCheck.signal();
  }

  #refuseSpec(error: unknown, resource: ClusterResource): void {
    const problem = { ...obstacleOf(error), ofGeneration: resource.generation };
    this.#specProblem = problem;
    this.#specTrouble.failed(
      { event: 'spec-refused', cluster: resource.id, action: 'mend it; what was served before goes on meanwhile' },
      problem.message,
      problem.message,
    );
  }

  #acceptSpec(): void {
    this.#specProblem = undefined;
    this.#specTrouble.recovered();
  }

  /** Begins anew by a spec that names other brokers, secrets or registries, once these can be had. */
  async #checkFoundation(): Promise<void> {
    const led = this.#led;
    if (led === undefined) return;
    const { opened: before, declared } = led.spec;
    if (foundationOf(before) === foundationOf(declared)) return;
    await this.#parts.check(this.#resource, declared);
    this.#acceptSpec();
    this.candidate.restart();
  }

  async #leaveRegistries(): Promise<void> {
    for (const { cluster, secrets } of [...this.#left]) {
      await this.#parts.leaveRegistry(this.#resource, cluster, secrets);
      this.#left = this.#left.filter((one) => one.cluster !== cluster);
    }
  }

  async #writeStatus(): Promise<void> {
    if (!this.#parts.lead.leading) return;
    const resource = this.#statusWriter.latest(this.#resource);
    const { reign, failure } = this.candidate;
    if (this.#deletionProblem !== undefined)
      return await this.#statusWriter.write(resource, brokenStatus(resource, this.#deletionProblem, new Date()));
    if (resource.deleting) return;
    if (reign !== undefined && this.#led !== undefined) {
      const { keeper, opened, since } = this.#led;
      if (!opened.reign.settled && performance.now() - since < SETTLE_MS) return;
      opened.counted(opened.reign.view.fleet.connectionsByNode);
      const kept = keeper.problem;
      const obstacle =
        this.#specProblem ?? (kept === undefined ? opened.obstacle() : { reason: 'GatewaysNotKept', message: kept });
      await this.#statusWriter.write(resource, statusOf(opened.reign.view, resource, obstacle, new Date()));
    } else if (failure !== undefined) {
      await this.#statusWriter.write(resource, brokenStatus(resource, obstacleOf(failure), new Date()));
    }
  }

  #endCandidate(): Promise<void> {
    this.#ended ??= this.candidate.stop({ endNodes: false });
    return this.#ended;
  }

  async #delete(): Promise<void> {
    const { kube, lead, log } = this.#parts;
    await this.#endCandidate();
    const resource = this.#resource;
    if (this.#cleaned || !resource.finalizers.includes(FINALIZER)) return;
    if (!lead.leading) {
      this.#deletion.signalIn(STATUS_MS);
      return;
    }
    await this.#cleanUp(resource);
    await removeFinalizer(kube, resource);
    this.#cleaned = true;
    this.#deletionProblem = undefined;
    this.#deletionTrouble.recovered();
    log.info({ event: 'cluster-deleted', cluster: resource.id }, `${resource.id} is deleted; nothing of it is left`);
  }

  async #cleanUp(resource: ClusterResource): Promise<void> {
    try {
      const cluster = clusterOf(this.#served ?? resource);
      await this.#leaveRegistries();
      await this.#parts.cleanUp(resource, cluster, this.#secrets);
    } catch (error) {
      if (!(error instanceof WsClusterError) || error.code !== 'CONFIG_INVALID') throw error;
      // A Secret that is gone with its namespace comes never back.
      this.#deletionFailedAt ??= performance.now();
      if (performance.now() - this.#deletionFailedAt < GIVE_UP_MS) throw error;
      const message = `it is let go, though what it has in Nacos, RabbitMQ and Redis could not be removed: ${error.message}`;
      const action = 'remove it there by hand, if it had anything';
      this.#parts.log.warn({ event: 'cleanup-given-up', cluster: resource.id, action }, message);
      this.#parts.events.write(resource, { type: 'Warning', reason: 'CleanupGivenUp', message }, 'condition');
    }
  }

  #noteDeletion(error: unknown): void {
    const obstacle = obstacleOf(error);
    const problem = { ...obstacle, message: `it cannot be deleted yet: ${obstacle.message}` };
    this.#deletionProblem = problem;
    const action = `bring it back; or remove the finalizer ${FINALIZER} by hand, and what is left there`;
    this.#deletionTrouble.failed(
      { event: 'cleanup-failed', cluster: this.#resource.id, action },
      problem.message,
      problem.message,
    );
  }
}

/** `NodeReady`, `NodeDraining`, ... */
function nodeReason(state: unknown): string {
  const text = String(state);
  return `Node${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
