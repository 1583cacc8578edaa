import { messageOf } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import type { WsCluster } from '../cluster/schema.ts';
import type { Kube } from '../kubernetes/kube.ts';
import type { Leadership } from '../leadership/port.ts';
import { Candidate } from '../reconcile/candidate.ts';
import type { ClusterController } from '../reconcile/cluster-controller.ts';
import { CoalescedRunner } from '../reconcile/signal.ts';
import { addFinalizer, FINALIZER, removeFinalizer } from './cleanup.ts';
import type { EventWriter } from './event-writer.ts';
import { GatewayKeeper, type WantedObject } from './gateway-keeper.ts';
import type { OwnedObjects } from './owned-objects.ts';
import { type ClusterResource, clusterOf, foundationOf } from './resource.ts';
import { ResourceSpec } from './resource-spec.ts';
import { brokenStatus, type Obstacle, obstacleOf, statusOf } from './status.ts';
import { StatusWriter } from './status-writer.ts';

/** What leading a cluster takes beside its resource. */
export interface Opened {
  readonly controller: ClusterController;
  /** What stands in the way though the ring is well; undefined when nothing does. */
  obstacle(): Obstacle | undefined;
  /** The connections of each node have been counted; each second. */
  counted(connections: ReadonlyMap<string, number>): void;
  /** Before the controller is stopped. */
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
  /** Opens secrets, bus, store, source and registry, and starts to lead. Rejects with what they reject with, closed again. */
  open(
    spec: ResourceSpec,
    resource: ClusterResource,
    leadership: Pick<Leadership, 'leading' | 'confirm'>,
  ): Promise<Opened>;
  /** The objects of the gateways. */
  wanted(spec: ResourceSpec, resource: ClusterResource): readonly WantedObject[];
  /** Removes what the cluster has outside of Kubernetes. Rejects while that cannot be done. */
  cleanUp(resource: ClusterResource, cluster: WsCluster): Promise<void>;
}

const STATUS_MS = 1_000;
const MAX_RETRY_MS = 10_000;

/** One WsCluster resource: serves it while this process leads, tells its status, and cleans up after it. */
export class ClusterOperator {
  readonly candidate: Candidate;
  readonly #parts: ClusterOperatorParts;
  readonly #deletion: CoalescedRunner;
  readonly #statusWriter: StatusWriter;
  readonly #timer: NodeJS.Timeout;
  #resource: ClusterResource;
  #led: { spec: ResourceSpec; foundation: string; keeper: GatewayKeeper; opened: Opened } | undefined;
  /** Of the spec as it is now, while the one before counts. */
  #specProblem: Obstacle | undefined;
  #deletionProblem: Obstacle | undefined;
  #ended: Promise<void> | undefined;
  #cluster: WsCluster | undefined;

  constructor(parts: ClusterOperatorParts, resource: ClusterResource) {
    const { kube, log, self, events } = parts;
    this.#parts = parts;
    this.#resource = resource;
    this.#statusWriter = new StatusWriter({
      kube,
      log,
      onCondition: ({ type, status, reason, message }) =>
        events.write(this.#resource, {
          type: status === 'False' ? 'Warning' : 'Normal',
          reason,
          message: `${type} is ${status}: ${message}`,
        }),
    });
    this.#deletion = new CoalescedRunner(
      () => this.#delete(),
      (error) => this.#noteDeletion(error),
      MAX_RETRY_MS,
    );
    this.candidate = new Candidate({
      name: resource.id,
      log,
      self,
      alone: false,
      leadership: parts.leadershipOf(),
      reign: (lead) => this.#reign(lead),
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
    if (this.#led === undefined) this.candidate.restart();
    else this.#takeSpec(this.#led.spec, resource);
  }

  /** One of the objects that belong to clusters has changed. */
  lookAtOwned(): void {
    this.#led?.keeper.look();
  }

  /** Nodes and gateways go on. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([this.#deletion.stop(), this.#endCandidate()]);
  }

  async #reign(lead: Pick<Leadership, 'leading' | 'confirm'>) {
    const { kube, owned, log, events } = this.#parts;
    const resource = this.#resource;
    const spec = new ResourceSpec(kube, resource);
    await addFinalizer(kube, resource);
    const opened = await this.#parts.open(spec, resource, lead);
    const keeper = new GatewayKeeper({
      kube,
      log,
      wanted: () => this.#parts.wanted(spec, resource),
      existing: () => (owned.synced ? owned.of(resource.uid) : undefined),
      leading: () => lead.leading,
    });
    const { controller } = opened;
    const unlisten = controller.events.listen(({ type, message, details }) => {
      if (type !== 'node') return;
      const lost = details.state === 'unready' || details.state === 'gone' || details.state === 'restarting';
      events.write(this.#resource, { type: lost ? 'Warning' : 'Normal', reason: nodeReason(details.state), message });
    });
    this.#specProblem = undefined;
    this.#cluster = spec.cluster;
    this.#led = { spec, foundation: foundationOf(spec.cluster), keeper, opened };
    // What came while it was opened.
    if (this.#resource.generation !== spec.generation) this.#takeSpec(spec, this.#resource);
    return {
      spec,
      controller,
      close: async () => {
        this.#led = undefined;
        unlisten();
        await keeper.close();
        await opened.close();
      },
    };
  }

  #takeSpec(spec: ResourceSpec, resource: ClusterResource): void {
    const { log } = this.#parts;
    try {
      spec.take(resource);
      this.#cluster = spec.cluster;
      this.#specProblem = undefined;
    } catch (error) {
      this.#specProblem = { ...obstacleOf(error), ofGeneration: resource.generation };
      log.warn(
        { event: 'spec-refused', cluster: resource.id, action: 'mend the WsCluster; the spec before counts meanwhile' },
        messageOf(error),
      );
      return;
    }
    if (this.#led?.foundation !== foundationOf(spec.cluster)) {
      this.candidate.restart();
    } else {
      this.#led.opened.controller.specChanged();
      this.#led.keeper.look();
    }
  }

  async #writeStatus(): Promise<void> {
    if (!this.#parts.lead.leading) return;
    const resource = this.#resource;
    const { reign, failure } = this.candidate;
    if (this.#deletionProblem !== undefined)
      return await this.#statusWriter.write(resource, brokenStatus(resource, this.#deletionProblem, new Date()));
    if (resource.deleting) return;
    if (reign !== undefined && this.#led !== undefined) {
      const { keeper, opened } = this.#led;
      opened.counted(reign.controller.fleet.connectionsByNode());
      const kept = keeper.problem;
      const obstacle =
        this.#specProblem ?? (kept === undefined ? opened.obstacle() : { reason: 'GatewaysNotKept', message: kept });
      await this.#statusWriter.write(resource, statusOf(reign, resource, obstacle, new Date()));
    } else if (failure !== undefined) {
      await this.#statusWriter.write(resource, brokenStatus(resource, obstacleOf(failure), new Date()));
    }
  }

  #endCandidate(): Promise<void> {
    this.#ended ??= this.candidate.stop({ endNodes: false });
    return this.#ended;
  }

  async #delete(): Promise<void> {
    const { kube, lead, log, cleanUp } = this.#parts;
    await this.#endCandidate();
    if (!this.#resource.finalizers.includes(FINALIZER)) return;
    if (!lead.leading) {
      this.#deletion.signalIn(STATUS_MS);
      return;
    }
    const cluster = this.#lastCluster();
    if (cluster === undefined)
      log.warn(
        {
          event: 'cleanup-impossible',
          cluster: this.#resource.id,
          action: 'remove its instances from Nacos by hand, if it had any',
        },
        `the spec of ${this.#resource.id} cannot be read, so what it has outside of Kubernetes is not known`,
      );
    else await cleanUp(this.#resource, cluster);
    await removeFinalizer(kube, this.#resource);
    log.info(
      { event: 'cluster-deleted', cluster: this.#resource.id },
      `${this.#resource.id} is deleted; nothing of it is left`,
    );
    this.#deletionProblem = undefined;
  }

  /** As it was led the last time, else as it says now. */
  #lastCluster(): WsCluster | undefined {
    if (this.#cluster !== undefined) return this.#cluster;
    try {
      return clusterOf(this.#resource);
    } catch {
      return undefined;
    }
  }

  #noteDeletion(error: unknown): void {
    const obstacle = obstacleOf(error);
    const problem = { ...obstacle, message: `it cannot be deleted yet: ${obstacle.message}` };
    if (problem.message === this.#deletionProblem?.message) return;
    this.#deletionProblem = problem;
    const action = `bring it back; or remove the finalizer ${FINALIZER} by hand, and what is left there`;
    this.#parts.log.warn({ event: 'cleanup-failed', cluster: this.#resource.id, action }, problem.message);
  }
}

/** `NodeReady`, `NodeDraining`, ... */
function nodeReason(state: unknown): string {
  const text = String(state);
  return `Node${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
