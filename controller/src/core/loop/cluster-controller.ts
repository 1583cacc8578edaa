import { setTimeout as delay } from 'node:timers/promises';
import {
  EMPTY_RING,
  formatRevision,
  messageOf,
  ownerOf,
  type Revision,
  type Ring,
  type RingMessage,
  reindexed,
  type Uplink,
  WsClusterError,
} from '@wscluster/ring';
import { CoalescedRunner, type Logger } from '@wscluster/service';
import type { HubHandlers, RingBusHub, RingStore } from '@wscluster/transport';
import { EventLog } from '../events/event-log.ts';
import { GatewayFleet } from '../fleet/gateways.ts';
import { type Membership, nextMembership } from '../membership/membership.ts';
import { membershipPolicy } from '../membership/policy.ts';
import { restore } from '../membership/restore.ts';
import { type Assign, desiredTable } from '../membership/target.ts';
import type { Leadership } from '../ports/leadership.ts';
import type { Registry } from '../ports/registry.ts';
import type { SourceHandlers, Workload, WorkloadSource } from '../ports/workload-source.ts';
import { nextEpoch } from '../publish/epoch.ts';
import { GatewayLink } from '../publish/gateway-link.ts';
import { Publisher } from '../publish/publisher.ts';
import { RegistrySync } from '../publish/registry-sync.ts';
import { ConvergenceWatch } from '../rollout/convergence.ts';
import { paceOf } from '../rollout/pace.ts';
import { Rollout } from '../rollout/rollout.ts';
import { NodeOperations } from '../scale/node-operations.ts';
import { Scaler } from '../scale/scaler.ts';
import { desiredReplicas } from '../spec/nodes-schema.ts';
import { patchedSpec } from '../spec/patch.ts';
import type { SpecStore } from '../spec/spec-store.ts';
import { logConditionChanges, logNodeChanges } from './changes.ts';
import { busTaken, GivenRings, type RecallParts, recallRing } from './recall.ts';
import { RecentOwners, type Whereabouts } from './recent-owners.ts';
import { metered, type RunMeter } from './run-meter.ts';
import { type Condition, findings, withFindings } from './status/conditions.ts';
import { type Link, linksOf } from './status/links.ts';
import { observe } from './status/observe.ts';
import { WARM_UP_MS, WarmUp } from './warm-up.ts';

const HEARTBEAT_MS = 1000;
/** Gateways report each second; a new leader listens for one interval before it takes its epoch. */
const LISTEN_MS = 1100;
/** Everything is looked at again this often, whatever events say. */
const RESYNC_MS = 5000;
/** While nodes drain, their connections are looked at this often. */
const DRAIN_CHECK_MS = 500;
/** While gateways have not told their counts, it is looked at again this often. */
const COUNTS_CHECK_MS = 500;

export interface ClusterParts {
  readonly name: string;
  readonly spec: SpecStore;
  readonly store: RingStore;
  readonly leadership: Pick<Leadership, 'leading' | 'confirm'>;
  readonly assign: Assign;
  readonly log: Logger;
  /** Of a ring that was seen elsewhere; the next one is above it. */
  readonly seenEpoch?: number | undefined;
  /** Told of each look at everything. */
  readonly meter: RunMeter;
  openSource(handlers: SourceHandlers): Promise<WorkloadSource>;
  openBus(handlers: HubHandlers): Promise<RingBusHub>;
  /** Undefined: the nodes are registered nowhere. */
  openRegistry(): Promise<Registry | undefined>;
  /** The store turned out to have lost the ring: writes again what else was kept there. Tried again when it rejects. */
  restoreDocuments(): Promise<void>;
}

/** What was opened for a new leader. */
interface Opened {
  readonly stored: RingMessage | undefined;
  readonly storedRevision: Revision | undefined;
  readonly bus: RingBusHub;
  readonly source: WorkloadSource;
  readonly registry: Registry | undefined;
}

/** What the API and the metrics show of a cluster: one immutable look at the loop's state. */
export interface ClusterView {
  readonly ring: Ring;
  readonly membership: Membership;
  readonly listing: readonly Workload[];
  readonly conditions: readonly Condition[];
  readonly links: readonly Link[];
}

/**
 * Runs one cluster: from "something changed" to a published ring. Level-triggered; the one loop below is the only
 * place that decides about the ring, so nothing needs a lock but the API's changes, which run in turn with it.
 */
export class ClusterController {
  readonly fleet = new GatewayFleet();
  readonly events = new EventLog();
  readonly nodes: NodeOperations;
  readonly rollout: Rollout;
  readonly convergence = new ConvergenceWatch();
  readonly #parts: ClusterParts;
  readonly #log: Logger;
  readonly #bus: RingBusHub;
  readonly #source: WorkloadSource;
  readonly #publisher: Publisher;
  readonly #registry: RegistrySync | undefined;
  readonly #link: GatewayLink;
  readonly #scaler: Scaler;
  #warmUp: WarmUp;
  readonly #runner: CoalescedRunner;
  readonly #recent = new RecentOwners();
  readonly #given = new GivenRings();
  #taking: Promise<void>;
  readonly #stopping = new AbortController();
  #beats: NodeJS.Timeout | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  #membership: Membership;
  #listing: readonly Workload[] = [];
  #listed = false;
  /** Why the last look failed. */
  #failure: string | undefined;
  #conditions: readonly Condition[] = [];
  #links: readonly Link[] = [];
  #documentsLost = false;
  /** What was published beside the ring; undefined when it has to be published whatever it is. */
  #published: { settings: string; vacancies: string } | undefined;

  /** For who was elected: listens for gateways, then leads. Rejects with what the parts do; those are then closed. */
  static async start(parts: ClusterParts): Promise<ClusterController> {
    const opened: { close(): Promise<void> }[] = [parts.store];
    const keep = <T extends { close(): Promise<void> } | undefined>(part: T): T => {
      if (part !== undefined) opened.push(part);
      return part;
    };
    // Nothing is lost of what comes before there is a controller: reports come each second, and the loop lists anyway.
    let controller: ClusterController | undefined;
    try {
      const { stored, revision } = await lastRing(parts);
      const onUplink = (message: Uplink) => {
        if (controller !== undefined) controller.#receive(message);
      };
      const onChange = () => {
        if (controller !== undefined) controller.#runner.signal();
      };
      const bus = keep(await parts.openBus({ onUplink }));
      const source = keep(await parts.openSource({ onChange }));
      const registry = keep(await parts.openRegistry());
      controller = new ClusterController(parts, { stored, storedRevision: revision, bus, source, registry });
      return controller;
    } catch (error) {
      await Promise.allSettled(opened.map((part) => part.close()));
      throw error;
    }
  }

  private constructor(parts: ClusterParts, { stored, storedRevision, bus, source, registry }: Opened) {
    const { name, spec, store, log } = parts;
    this.#parts = parts;
    this.#log = log;
    this.#bus = bus;
    this.#source = source;
    const { ring, membership } = restore(stored);
    this.#membership = membership;
    this.#warmUp = warmUpFor(membership);
    this.rollout = new Rollout(ring, stored?.release);
    this.#publisher = new Publisher(name, bus, store, log, () => this.#restoreDocuments());
    if (registry !== undefined)
      this.#registry = new RegistrySync({
        registry,
        log,
        leading: () => this.leading,
        onStatus: () => this.#refreshStatus(),
      });
    this.#scaler = new Scaler(source, log);
    this.#runner = new CoalescedRunner(
      () =>
        this.#inTurn(async () => {
          if (this.leading) await metered(parts.meter, () => this.#reconcile());
        }),
      (error) => this.#noteFailure(error),
    );
    this.#link = new GatewayLink({
      fleet: this.fleet,
      rollout: this.rollout,
      publisher: this.#publisher,
      store,
      confirmLead: () => parts.leadership.confirm(),
      events: this.events,
      log,
      onPlanIn: (ms) => this.#runner.signalIn(ms),
      onEpochRaised: () => {
        this.#published = undefined;
        this.#runner.signal();
      },
    });
    this.nodes = new NodeOperations({
      spec,
      log,
      source,
      scaler: this.#scaler,
      inTurn: (work) => this.#change(work).finally(() => this.#runner.signal()),
    });
    this.#taking = this.#takeLead(storedRevision);
  }

  /** Listens for gateways, then leads by the newest ring that anybody has, in an epoch above all that was seen. */
  async #takeLead(storedRevision: Revision | undefined): Promise<void> {
    const { signal } = this.#stopping;
    if (this.rollout.ring === EMPTY_RING) await busTaken(this.#bus, this.#parts.name, signal);
    await delay(LISTEN_MS, undefined, { signal }).catch(() => {});
    const newest = await recallRing({ ...this.#recall(), held: this.rollout.ring.revision, signal });
    if (signal.aborted) return;
    if (newest !== undefined) this.#goOnFrom(newest);
    const seen = { epoch: this.#parts.seenEpoch ?? 0, version: 0 };
    const epoch = nextEpoch(this.rollout.ring.revision, storedRevision, this.fleet.highestApplied(), seen);
    this.rollout.adopt({ epoch, version: 0 });
    this.#log.info(
      { event: 'leading', cluster: this.#parts.name, epoch },
      `leads ${this.#parts.name} in epoch ${epoch}`,
    );
    this.#beats = setInterval(() => {
      if (!this.leading) return;
      this.#link.beat();
      if (this.#documentsLost) this.#restoreDocuments();
      const now = performance.now();
      if (!this.rollout.acknowledged || this.rollout.isMoving(now)) this.#recent.keep(now);
      this.#noteConvergence(now);
      this.#refreshStatus();
    }, HEARTBEAT_MS);
    this.#runner.signal();
  }

  /** What fails is tried again by the next beat; the store's own failure is told elsewhere. */
  #restoreDocuments(): void {
    this.#documentsLost = false;
    this.#parts.restoreDocuments().catch(() => {
      this.#documentsLost = true;
    });
  }

  #recall(): Omit<RecallParts, 'held' | 'signal'> {
    const { name, store } = this.#parts;
    return { cluster: name, store, bus: this.#bus, fleet: this.fleet, given: this.#given, log: this.#log };
  }

  #goOnFrom(message: RingMessage): void {
    const { ring, membership } = restore(message);
    this.#membership = membership;
    this.#warmUp = warmUpFor(membership);
    this.rollout.restart(ring, message.release);
  }

  get leading(): boolean {
    return this.#beats !== undefined && this.#parts.leadership.leading;
  }

  /** Something changed since the last look at everything began. */
  get waiting(): boolean {
    return this.#runner.waiting;
  }

  /** Undefined once it leads and has looked at a complete listing, else why not. */
  get notReady(): string | undefined {
    if (!this.leading) return 'waiting to lead';
    return this.#listed ? undefined : 'waiting for the first list of the nodes';
  }

  /** True once what there is has been looked at, and counts. */
  get settled(): boolean {
    return this.notReady === undefined && !this.#warmUp.cold;
  }

  get view(): ClusterView {
    return {
      ring: this.rollout.ring,
      membership: this.#membership,
      listing: this.#listing,
      conditions: this.#conditions,
      links: this.#links,
    };
  }

  /** Where the clients of a slot are now, and were a moment ago. Throws NO_MEMBERS. */
  whereabouts(slot: number): Whereabouts {
    const { ring } = this.rollout;
    const owner = ownerOf(ring, slot);
    if (owner === undefined) throw new WsClusterError('NO_MEMBERS', 'the ring has no members: no node is ready');
    return { revision: ring.revision, owner, previous: this.#recent.of(slot, performance.now()) };
  }

  /** Changes the stored spec by a JSON merge patch. Throws REQUEST_INVALID naming the field. */
  patchSpec(patch: unknown): Promise<void> {
    return this.#change(async () => {
      await this.#parts.spec.update((spec) => patchedSpec(spec, patch));
      this.specChanged();
    });
  }

  /** The spec says something else than before. */
  specChanged(): void {
    const { generation } = this.#parts.spec;
    this.events.add('spec', `the spec was changed (generation ${generation})`, { generation });
    this.#runner.signal();
  }

  /** Stops leading. The gateways' last ring stays, and so do the nodes unless `endNodes`. */
  async stop({ endNodes }: { endNodes: boolean }): Promise<void> {
    this.#stopping.abort();
    await this.#taking;
    clearInterval(this.#beats);
    await this.#runner.stop();
    await this.#turn.catch(() => {});
    this.#link.close();
    if (endNodes) await this.#source.endAll();
    // Together: the next leader waits for the slowest one only.
    await Promise.all([this.#source.close(), this.#registry?.close(), this.#bus.close(), this.#parts.store.close()]);
  }

  #receive(message: Uplink): void {
    if (message.type === 'held') this.#given.add(message.ring);
    this.#link.receive(message, this.leading);
  }

  /** The whole chain, in order. */
  async #reconcile(): Promise<void> {
    this.#runner.signalIn(RESYNC_MS);
    const listing = await this.#source.list();
    logNodeChanges(this.events, this.#listing, listing);
    this.#listing = listing;
    this.#listed = true;
    if (!this.#isCold(listing)) {
      const policy = membershipPolicy(this.#parts.spec.spec);
      const membership = nextMembership(this.#membership, listing, policy, Date.now());
      this.#noteHeld(membership);
      await this.#publishNext(membership, listing);
      const { members, revision } = this.rollout.ring;
      this.#registry?.want(members, revision);
      this.#wakeLater(membership, listing);
    }
    this.#noteFailure(undefined);
    // Last, and on its own: nodes that cannot be started must not hold up the ring of those that run.
    await this.#scale(listing);
    this.#refreshStatus();
  }

  /** True while a half-complete view must not move anybody. */
  #isCold(listing: readonly Workload[]): boolean {
    const looked = this.#warmUp.look(listing, performance.now());
    if ('waitMs' in looked) {
      this.#runner.signalIn(looked.waitMs);
      return true;
    }
    if (looked.missing.length > 0)
      this.#log.warn(
        { event: 'members-missing', nodes: looked.missing, action: 'check these nodes; they now count as lost' },
        `${looked.missing.length} members of the last ring were not seen for ${WARM_UP_MS / 1000} s`,
      );
    return false;
  }

  async #scale(listing: readonly Workload[]): Promise<void> {
    // A look may take longer than the lead: containers can't refuse a former leader.
    if (!this.leading) return;
    const { nodes } = this.#parts.spec.spec;
    // Until a ring is acknowledged some gateway may route by the one before: then everybody may be an owner.
    const settled = this.rollout.acknowledged && !this.#warmUp.cold;
    const againMs = await this.#scaler.scale({
      listing,
      replicas: desiredReplicas(nodes),
      owners: new Set(settled ? ownerIds(this.rollout.ring) : listing.map((workload) => workload.id)),
      connections: this.fleet.connectionsByNode(),
      drainMs: nodes.drainSeconds * 1000,
      now: Date.now(),
    });
    if (againMs !== undefined) this.#runner.signalIn(againMs);
  }

  async #publishNext(membership: Membership, listing: readonly Workload[]): Promise<void> {
    const { spec } = this.#parts.spec;
    const { members, vacancies } = membership;
    const before = this.rollout.ring;
    const current = reindexed(before.table, before.members, members);
    const desired = desiredTable(membership, current, spec.rebalance.cap, this.#parts.assign);
    const pace = paceOf({
      maxConnectionsPerSecond: spec.rebalance.maxConnectionsPerSecond,
      paused: spec.rebalance.paused,
      drainMs: spec.nodes.drainSeconds * 1000,
      listing,
      connections: this.fleet.connectionsByNode(),
      now: Date.now(),
    });
    const connections = this.fleet.connectionsBySlot();
    // Without a limit nobody has to be counted.
    const counted = this.fleet.counted || !Number.isFinite(pace.perSecond);
    const now = performance.now();
    const { ring, step } = this.rollout.plan({ members, current, desired, connections, counted, pace, now });
    this.#membership = membership;

    const settings = { routes: spec.routing.routes, limits: spec.gateway.limits };
    const context = { settings: JSON.stringify(settings), vacancies: JSON.stringify(vacancies) };
    const same =
      ring.digest === before.digest &&
      this.#published?.settings === context.settings &&
      this.#published.vacancies === context.vacancies;
    if (same) return;

    this.#published = context;
    this.#recent.changed(before, ring, now);
    const changed = step.slots.lost + step.slots.drain + step.slots.balance;
    const revision = formatRevision(ring.revision);
    const { slots, connections: moving, remaining } = step;
    const details = { revision, members: members.length, slots, connections: moving, remaining };
    const message = `ring ${revision}: ${members.length} members, ${changed} slots and ${moving} connections move`;
    this.#log.info({ event: 'ring-published', ...details }, message);
    this.events.add('ring', message, details);
    if (changed > 0) this.convergence.begin(now, this.fleet.moved);
    await this.#link.publish(ring, pace, { settings, vacancies });
  }

  #noteConvergence(now: number): void {
    const ended = this.convergence.look(this.rollout, this.fleet.moved, now);
    if (ended === undefined) return;
    const { ms, moved } = ended;
    this.events.add('converged', `settled: ${moved} clients moved in ${ms} ms`, { moved, ms });
  }

  #wakeLater(membership: Membership, listing: readonly Workload[]): void {
    const planIn = this.rollout.planIn(performance.now());
    // Until all are counted a plan holds back what it would move.
    const countedIn = this.fleet.counted ? 0 : COUNTS_CHECK_MS;
    if (planIn !== undefined && !this.#parts.spec.spec.rebalance.paused)
      this.#runner.signalIn(Math.max(planIn, countedIn));
    if (membership.nextChangeAt !== undefined) this.#runner.signalIn(Math.max(0, membership.nextChangeAt - Date.now()));
    if (listing.some((workload) => workload.phase === 'draining')) this.#runner.signalIn(DRAIN_CHECK_MS);
  }

  #noteHeld(membership: Membership): void {
    if (membership.held.length > this.#membership.held.length)
      this.#log.error(
        {
          event: 'most-nodes-lost',
          nodes: membership.held,
          action: 'check the source of the nodes; start replacements, or raise rebalance.maxLostShare',
        },
        `${membership.held.length} nodes vanished at once: the ring is kept as it is`,
      );
  }

  /** Once per outage: it is tried again until it succeeds. */
  #noteFailure(error: unknown): void {
    const failure = error === undefined ? undefined : messageOf(error);
    if (failure === this.#failure) return;
    this.#failure = failure;
    const { name } = this.#parts;
    if (failure === undefined) this.#log.info({ event: 'reconcile-recovered', cluster: name }, 'reconciles again');
    else
      this.#log.error(
        { event: 'reconcile-failed', cluster: name, error, action: 'mend the cause; the last ring stays in force' },
        failure,
      );
    this.#refreshStatus();
  }

  #refreshStatus(): void {
    const { spec, generation } = this.#parts.spec;
    const observed = observe({
      spec,
      membership: this.leading && !this.#warmUp.cold ? this.#membership : undefined,
      listing: this.#listing,
      failure: this.#failure,
      problem: this.#scaler.problem,
      publish: this.#publisher.status,
      registry: this.#registry?.status,
      rollout: this.rollout,
      fleet: this.fleet,
      now: performance.now(),
    });
    const conditions = withFindings(this.#conditions, findings(observed), generation, new Date());
    logConditionChanges(this.events, this.#conditions, conditions);
    this.#conditions = conditions;
    this.#links = linksOf(this.#links, observed, new Date());
  }

  /** A change by a person, in turn with the loop. Throws NO_LEADER once another controller may lead. */
  #change<T>(work: () => Promise<T>): Promise<T> {
    return this.#inTurn(() => {
      if (this.#parts.leadership.leading) return work();
      throw new WsClusterError('NO_LEADER', `this controller leads ${this.#parts.name} no longer; try again`);
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => {});
    return turn;
  }
}

/** Who is to leave anyhow is not waited for. */
function warmUpFor({ members }: Membership): WarmUp {
  const awaited = members.filter((member) => member.state !== 'draining').map(({ nodeId }) => nodeId);
  return new WarmUp(awaited, performance.now());
}

function ownerIds(ring: Ring): string[] {
  return [...new Set(ring.table)].map((index) => ring.members[index]?.nodeId ?? '');
}

/** The ring that the last leader left. One that can't be read is as good as none: a new one has to be made in any case. */
async function lastRing({
  store,
  name,
  log,
}: ClusterParts): Promise<{ stored: RingMessage | undefined; revision: Revision | undefined }> {
  try {
    const stored = await store.load();
    return { stored, revision: stored?.revision };
  } catch (error) {
    if (!(error instanceof WsClusterError && error.code === 'MESSAGE_INVALID')) throw error;
    log.error(
      {
        event: 'stored-ring-damaged',
        cluster: name,
        error,
        action: 'see who wrote to the store; clients may move once',
      },
      `the stored ring cannot be read, so a new one is made: ${error.message}`,
    );
    return { stored: undefined, revision: await store.revision() };
  }
}
