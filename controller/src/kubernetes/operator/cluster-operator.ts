import { CoalescedRunner, inBackground } from '@wscluster/service';
import { Candidate } from '../../core/loop/candidate.ts';
import type { ReignParts } from '../../core/loop/parts.ts';
import { isProgress } from '../../core/loop/status/conditions.ts';
import type { Leadership } from '../../core/ports/leadership.ts';
import { type KnownSecrets, presentSecrets } from './cluster-secrets.ts';
import { Deletion } from './deletion.ts';
import type { EventWriter } from './event-writer.ts';
import { addFinalizer } from './finalizer.ts';
import { GatewayKeeper } from './gateway-keeper.ts';
import { LeftRegistries } from './left-registries.ts';
import { writeNodeEvents } from './node-events.ts';
import type { OwnedObjects } from './owned-objects.ts';
import { type ClusterResource, foundationOf } from './resource.ts';
import type { ResourceSpec } from './resource-spec.ts';
import { type ServeParts, type Serving, serveCluster } from './serve-cluster.ts';
import type { OpenTransport } from './servers.ts';
import { SpecIntake } from './spec-intake.ts';
import { StandbyReader } from './standby-reader.ts';
import { brokenStatus, obstacleOf, statusOf } from './status.ts';
import { StatusWriter } from './status-writer.ts';
import { wantedObjects } from './wanted-objects.ts';

export interface ClusterOperatorParts extends Omit<ServeParts, 'openTransport'> {
  /** The lead of this process, for all clusters. */
  readonly lead: Pick<Leadership, 'leading'>;
  /** The lead for one cluster, which may give up its part. */
  leadershipOf(): Leadership;
  /** Base URL of this process's API. */
  readonly self: string;
  readonly owned: OwnedObjects;
  readonly events: EventWriter;
  /** Image of the gateways if the spec names none. */
  readonly gatewayImage: string | undefined;
}

const STATUS_MS = 1_000;
const MAX_RETRY_MS = 10_000;
/** A new leader needs some seconds to see everything; until then the previous status stays, ms. */
const SETTLE_MS = 20_000;

/** One WsCluster resource: serves it while this process leads, writes its status, and cleans up after it. */
export class ClusterOperator {
  readonly candidate: Candidate;
  readonly #parts: ClusterOperatorParts;
  readonly #intake: SpecIntake;
  /** Retries until a spec that needs other Secrets, brokers or registries can be opened. */
  readonly #foundationCheck: CoalescedRunner;
  readonly #left: LeftRegistries;
  readonly #deletion: Deletion;
  readonly #statusWriter: StatusWriter;
  readonly #openTransport: OpenTransport;
  readonly #standby: StandbyReader;
  readonly #timer: NodeJS.Timeout;
  #resource: ClusterResource;
  #led: { spec: ResourceSpec; keeper: GatewayKeeper; served: Serving; since: number } | undefined;
  /** As last read. */
  #secrets: KnownSecrets | undefined;
  #ended: Promise<void> | undefined;

  constructor(parts: ClusterOperatorParts, resource: ClusterResource) {
    const { kube, log, self, servers, events, lead } = parts;
    this.#parts = parts;
    this.#resource = resource;
    this.#intake = new SpecIntake(kube, log);
    this.#openTransport = servers.transportOf(resource.id);
    this.#standby = new StandbyReader({ kube, log, openTransport: this.#openTransport });
    this.#left = new LeftRegistries({ kube, log, servers, cluster: resource });
    this.#deletion = new Deletion({
      ...{ kube, log, servers, events, lead, left: this.#left },
      resource: () => this.#resource,
      served: () => this.#intake.served,
      secrets: () => this.#secrets,
      endCandidate: () => this.#endCandidate(),
    });
    this.#foundationCheck = new CoalescedRunner(
      () => this.#checkFoundation(),
      (error) => this.#intake.refuse(error, this.#resource),
      MAX_RETRY_MS,
    );
    this.#statusWriter = new StatusWriter({
      ...{ kube, log },
      onCondition: ({ type, status, reason, message }) => {
        const severity = status === 'False' && !isProgress(reason) ? 'Warning' : 'Normal';
        const told = { type: severity, reason, message: `${type} is ${status}: ${message}` } as const;
        events.write(this.#resource, told, 'condition');
      },
    });
    this.candidate = new Candidate({
      name: resource.id,
      ...{ log, self, alone: false, leadership: parts.leadershipOf() },
      begin: (leadership) => this.#begin(leadership),
      standBy: async () => {
        if (this.#led === undefined && !this.#resource.deleting) await this.#standby.look(this.#resource);
      },
      known: () => this.#standby.view,
      close: () => this.#standby.rest(),
    });
    this.#timer = setInterval(() => inBackground(log, 'status-broken', this.#writeStatus()), STATUS_MS);
    if (!resource.deleting) void this.candidate.start().catch(() => {});
    this.look(resource);
  }

  /** The present resource. */
  look(resource: ClusterResource): void {
    const changed = resource.generation !== this.#resource.generation;
    this.#resource = resource;
    if (resource.deleting) this.#deletion.signal();
    if (resource.deleting || !changed) return;
    if (this.#led !== undefined) this.#takeSpec(resource);
    else if (this.candidate.failure !== undefined) this.candidate.restart();
  }

  /** One of the clusters' objects has changed. */
  lookAtOwned(): void {
    this.#led?.keeper.look();
  }

  /** Nodes and gateways keep running. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#parts.events.forget(this.#resource.uid);
    await Promise.all([this.#deletion.stop(), this.#foundationCheck.stop(), this.#left.stop(), this.#endCandidate()]);
  }

  async #begin(lead: ReignParts['leadership']) {
    const { kube, events } = this.#parts;
    const resource = this.#resource;
    const spec = this.#intake.open(resource);
    const parts = { ...this.#parts, openTransport: this.#openTransport };
    const served = await serveCluster(parts, spec, resource, lead, () => addFinalizer(kube, resource));
    this.#secrets = served.secrets();
    const keeper = this.#keepGateways(resource, spec, () => lead.leading);
    const { reign } = served;
    const unlisten = writeNodeEvents(reign, (happening) => events.write(this.#resource, happening, 'node'));
    this.#led = { spec, keeper, served, since: performance.now() };
    inBackground(this.#parts.log, 'standby-not-closed', this.#standby.rest());
    // Changes that arrived while it was being opened.
    if (this.#resource.generation !== spec.generation) this.#takeSpec(this.#resource);
    return {
      reign,
      close: async () => {
        this.#led = undefined;
        unlisten();
        await keeper.close();
        this.#secrets = served.secrets();
        served.close();
        const { opened, declared } = spec;
        if (JSON.stringify(opened.spec.registry) !== JSON.stringify(declared.spec.registry))
          this.#left.add(opened.spec, this.#secrets);
      },
    };
  }

  #keepGateways(resource: ClusterResource, spec: ResourceSpec, leading: () => boolean): GatewayKeeper {
    const { kube, log, owned, gatewayImage } = this.#parts;
    return new GatewayKeeper({
      kube,
      log: log.child({ cluster: resource.id }),
      unknown: () => owned.problem,
      wanted: () => wantedObjects(resource, spec.spec, gatewayImage),
      existing: () => (owned.synced ? owned.of(resource.uid) : undefined),
      leading,
    });
  }

  #takeSpec(resource: ClusterResource): void {
    const led = this.#led;
    if (led === undefined || !this.#intake.take(led.spec, resource)) return;
    led.served.reign.specChanged();
    led.keeper.look();
    this.#foundationCheck.signal();
  }

  /** Restarts the reign with a spec that names other brokers, Secrets or registries, once these are available. */
  async #checkFoundation(): Promise<void> {
    if (this.#led === undefined) return;
    const { opened, declared } = this.#led.spec;
    if (foundationOf(opened) === foundationOf(declared)) return;
    await presentSecrets(this.#parts, this.#resource, declared.spec);
    this.#intake.accept();
    this.candidate.restart();
  }

  async #writeStatus(): Promise<void> {
    if (!this.#parts.lead.leading) return;
    const resource = this.#statusWriter.latest(this.#resource);
    const { reign, failure } = this.candidate;
    const now = new Date();
    if (this.#deletion.problem !== undefined)
      return await this.#statusWriter.write(resource, brokenStatus(resource, this.#deletion.problem, now));
    if (resource.deleting) return;
    if (reign !== undefined && this.#led !== undefined) {
      const { keeper, served, since } = this.#led;
      if (!served.reign.settled && performance.now() - since < SETTLE_MS) return;
      const { view } = served.reign;
      served.onCounts(view.fleet.connectionsByNode);
      const kept = keeper.problem;
      const obstacle =
        this.#intake.problem ?? (kept === undefined ? served.obstacle() : { reason: 'GatewaysNotKept', message: kept });
      await this.#statusWriter.write(resource, statusOf(view, resource, obstacle, now));
    } else if (failure !== undefined) {
      await this.#statusWriter.write(resource, brokenStatus(resource, obstacleOf(failure), now));
    }
  }

  #endCandidate(): Promise<void> {
    this.#ended ??= this.candidate.stop({ endNodes: false });
    return this.#ended;
  }
}
