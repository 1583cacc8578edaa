import {
  compareRevisions,
  formatRevision,
  messageOf,
  ownerOf,
  type Revision,
  type Ring,
  type RingMessage,
  type Uplink,
  WsClusterError,
} from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import type { HubHandlers, RingBusHub, RingStore } from '@wscluster/transport';
import { patchedSpec } from '../cluster/patch.ts';
import type { SpecStore } from '../cluster/spec-store.ts';
import { EventLog } from '../events/event-log.ts';
import { logConditionChanges, logGatewayChanges, logNodeChanges } from '../events/transitions.ts';
import { GatewayFleet } from '../fleet/gateways.ts';
import { nextEpoch } from '../leadership/epoch.ts';
import type { Leadership } from '../leadership/port.ts';
import { type Membership, nextMembership } from '../members/membership.ts';
import type { Whereabouts } from '../messages/deliver.ts';
import { RecentOwners } from '../messages/recent-owners.ts';
import { Publisher } from '../publish/publisher.ts';
import { paceOf } from '../rollout/pace.ts';
import { Rollout } from '../rollout/rollout.ts';
import { type Condition, findings, withFindings } from '../status/conditions.ts';
import { observe } from '../status/observe.ts';
import type { SourceHandlers, Workload, WorkloadSource } from '../workloads/port.ts';
import { NodeOperations } from './node-operations.ts';
import { membershipPolicy } from './policy.ts';
import { Scaler } from './scaler.ts';
import { CoalescedRunner } from './signal.ts';
import { restore } from './snapshot.ts';
import { type Assign, desiredTable, reindexed } from './target.ts';
import { WARM_UP_MS, WarmUp } from './warm-up.ts';

const HEARTBEAT_MS = 1000;
/** Gateways report each second; a new leader listens for one interval before it takes its epoch. */
const LISTEN_MS = 1100;
/** Everything is looked at again this often, whatever events say. */
const RESYNC_MS = 5000;
/** While nodes drain, their connections are looked at this often. */
const DRAIN_CHECK_MS = 500;

export interface ClusterParts {
  readonly name: string;
  readonly spec: SpecStore;
  readonly store: RingStore;
  readonly leadership: Leadership;
  readonly assign: Assign;
  readonly log: Logger;
  openSource(handlers: SourceHandlers): Promise<WorkloadSource>;
  openBus(handlers: HubHandlers): Promise<RingBusHub>;
}

/** What the API and the metrics show of a cluster: one immutable look at the loop's state. */
export interface ClusterView {
  readonly ring: Ring;
  readonly membership: Membership;
  readonly listing: readonly Workload[];
  readonly conditions: readonly Condition[];
}

/**
 * Runs one cluster: from "something changed" to a published ring. Level-triggered; the one loop below is the only
 * place that changes the ring, so nothing needs a lock but the API's changes, which run in turn with it.
 */
export class ClusterController {
  readonly fleet = new GatewayFleet();
  readonly events = new EventLog();
  readonly nodes: NodeOperations;
  readonly #parts: ClusterParts;
  readonly #log: Logger;
  readonly #runner: CoalescedRunner;
  readonly #warmUp: WarmUp;
  readonly #recent = new RecentOwners();
  readonly #stopping = new AbortController();
  #turn: Promise<unknown> = Promise.resolve();
  #bus: RingBusHub | undefined;
  #source: WorkloadSource | undefined;
  #publisher: Publisher | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  #releaseTimer: NodeJS.Timeout | undefined;
  #rollout: Rollout;
  #membership: Membership;
  #listing: readonly Workload[] = [];
  #listed = false;
  #scaler: Scaler | undefined;
  #conditions: readonly Condition[] = [];
  #published: { settings: string; vacancies: string } | undefined;

  private constructor(parts: ClusterParts, stored: RingMessage | undefined) {
    this.#parts = parts;
    this.#log = parts.log;
    this.nodes = new NodeOperations({
      spec: parts.spec,
      log: parts.log,
      source: () => this.#openSource(),
      scaler: () => this.#openScaler(),
      inTurn: (work) => this.#inTurn(work).finally(() => this.#runner.signal()),
    });
    const { ring, membership } = restore(stored);
    this.#rollout = new Rollout(ring, stored?.release);
    this.#membership = membership;
    const awaited = membership.members.filter((member) => member.state !== 'draining').map(({ nodeId }) => nodeId);
    this.#warmUp = new WarmUp(awaited, performance.now());
    this.#runner = new CoalescedRunner(
      () => this.#inTurn(() => this.#reconcile()),
      (error, retryMs) =>
        this.#log.error(
          { event: 'reconcile-failed', error, retryMs, action: 'mend the cause; the last ring stays in force' },
          messageOf(error),
        ),
    );
  }

  /** Takes the lead with an epoch above all that was seen, and starts the loop. */
  static async start(parts: ClusterParts): Promise<ClusterController> {
    const stored = await parts.store.load();
    const controller = new ClusterController(parts, stored);
    await controller.#start();
    return controller;
  }

  async #start(): Promise<void> {
    const { leadership, name, store } = this.#parts;
    await leadership.elected(this.#stopping.signal);
    // The bus first: reports that come in while the source opens count for the epoch.
    this.#bus = await this.#parts.openBus({ onUplink: (message) => this.#onUplink(message) });
    this.#publisher = new Publisher(name, this.#bus, store, this.#log);
    this.#source = await this.#parts.openSource({ onChange: () => this.#runner.signal() });
    this.#scaler = new Scaler(this.#source, this.#log);
    const listening = setTimeout(() => this.#lead(), LISTEN_MS);
    this.#stopping.signal.addEventListener('abort', () => clearTimeout(listening));
  }

  #lead(): void {
    const epoch = nextEpoch(this.#rollout.ring.revision, this.fleet.highestApplied());
    this.#rollout.adopt({ epoch, version: 0 });
    this.#log.info(
      { event: 'leading', cluster: this.#parts.name, epoch },
      `leads ${this.#parts.name} in epoch ${epoch}`,
    );
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    this.#runner.signal();
  }

  get leading(): boolean {
    return this.#heartbeat !== undefined;
  }

  /** Undefined once it leads and has looked at a complete listing, else why not. */
  get notReady(): string | undefined {
    if (!this.leading) return 'waiting to lead';
    return this.#listed ? undefined : 'waiting for the first list of the nodes';
  }

  get view(): ClusterView {
    return {
      ring: this.#rollout.ring,
      membership: this.#membership,
      listing: this.#listing,
      conditions: this.#conditions,
    };
  }

  /** Where the clients of a slot are now, and were a moment ago. Throws NO_MEMBERS. */
  whereabouts(slot: number): Whereabouts {
    const { ring } = this.#rollout;
    const owner = ownerOf(ring, slot);
    if (owner === undefined) throw new WsClusterError('NO_MEMBERS', 'the ring has no members: no node is ready');
    return { revision: ring.revision, owner, previous: this.#recent.of(slot, performance.now()) };
  }

  /** Changes the stored spec by a JSON merge patch. Throws REQUEST_INVALID naming the field. */
  patchSpec(patch: unknown): Promise<void> {
    return this.#inTurn(async () => {
      this.#parts.spec.update((spec) => patchedSpec(spec, patch));
      const { generation } = this.#parts.spec;
      this.events.add('spec', `the spec was changed (generation ${generation})`, { generation, patch });
      this.#runner.signal();
    });
  }

  get rollout(): Rollout {
    return this.#rollout;
  }

  /** Stops leading. The gateways' last ring stays, and so do the nodes unless `endNodes`. */
  async stop({ endNodes }: { endNodes: boolean }): Promise<void> {
    this.#stopping.abort();
    clearInterval(this.#heartbeat);
    await this.#runner.stop();
    await this.#turn.catch(() => {});
    clearTimeout(this.#releaseTimer);
    if (endNodes) await this.#source?.endAll();
    await this.#source?.close();
    await this.#bus?.close();
    await this.#parts.store.close();
    await this.#parts.leadership.release();
  }

  /** The whole chain, in order. */
  async #reconcile(): Promise<void> {
    if (!this.leading || !this.#parts.leadership.leading) return;
    this.#runner.signalIn(RESYNC_MS);
    const listing = await this.#openSource().list();
    logNodeChanges(this.events, this.#listing, listing);
    this.#listing = listing;
    this.#listed = true;
    if (!this.#isCold(listing)) {
      const policy = membershipPolicy(this.#parts.spec.spec);
      const membership = nextMembership(this.#membership, listing, policy, Date.now());
      this.#noteHeld(membership);
      await this.#publishNext(membership, listing);
      this.#wakeLater(membership, listing);
    }
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
    const { nodes } = this.#parts.spec.spec;
    // Until a ring is acknowledged some gateway may route by the one before: then everybody may be an owner.
    const settled = this.#rollout.acknowledged && !this.#warmUp.cold;
    const againMs = await this.#openScaler().scale({
      listing,
      replicas: nodes.replicas,
      owners: new Set(settled ? ownerIds(this.#rollout.ring) : listing.map((workload) => workload.id)),
      connections: this.fleet.connectionsByNode(),
      drainMs: nodes.drainSeconds * 1000,
      now: Date.now(),
    });
    if (againMs !== undefined) this.#runner.signalIn(againMs);
  }

  async #publishNext(membership: Membership, listing: readonly Workload[]): Promise<void> {
    const { spec } = this.#parts.spec;
    const { members, vacancies } = membership;
    const before = this.#rollout.ring;
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
    const now = performance.now();
    const { ring, step } = this.#rollout.plan({ members, current, desired, connections, pace, now });
    this.#membership = membership;

    const settings = { routes: spec.routing.routes };
    const context = { settings: JSON.stringify(settings), vacancies: JSON.stringify(vacancies) };
    const same =
      ring.digest === before.digest &&
      this.#published?.settings === context.settings &&
      this.#published.vacancies === context.vacancies;
    if (same) return;

    // Ours before it is out: a gateway's acknowledgement may come back before the publishing call does.
    this.#rollout.published(ring, pace, now);
    this.#published = context;
    this.#recent.changed(before, ring, now);
    const result = await this.#openPublisher().publish({ ring, release: this.#rollout.release, settings, vacancies });
    if (result === 'stale') return this.#goAboveStored();
    const changed = step.slots.lost + step.slots.drain + step.slots.balance;
    const revision = formatRevision(ring.revision);
    const { slots, connections: moving, remaining } = step;
    const details = { revision, members: members.length, slots, connections: moving, remaining };
    const message = `ring ${revision}: ${members.length} members, ${changed} slots and ${moving} connections move`;
    this.#log.info({ event: 'ring-published', ...details }, message);
    this.events.add('ring', message, details);
    await this.#releaseIfAcknowledged();
  }

  #onUplink(message: Uplink): void {
    logGatewayChanges(this.events, this.fleet, message);
    if (message.type === 'leave') {
      this.fleet.leave(message.gateway);
    } else if (!this.fleet.report(message, performance.now())) {
      this.#log.warn(
        { event: 'report-damaged', gateway: message.gateway, action: 'run gateways and controller at one version' },
        'a report has unreadable connection counts; the last ones are kept',
      );
    } else if (this.leading && compareRevisions(message.applied, this.#rollout.ring.revision) > 0) {
      this.#raiseEpoch(message.applied);
    }
    this.#inBackground(this.#releaseIfAcknowledged());
  }

  /** Somebody has seen a newer ring than ours: go on above it, so that nobody refuses us. */
  #raiseEpoch(seen: Revision): void {
    const epoch = nextEpoch(this.#rollout.ring.revision, seen);
    this.#log.warn(
      {
        event: 'epoch-raised',
        epoch,
        seen: formatRevision(seen),
        action: 'none, unless two controllers run: stop one',
      },
      `revision ${formatRevision(seen)} was seen, above ours; goes on in epoch ${epoch}`,
    );
    this.#rollout.adopt({ epoch, version: 0 });
    this.#published = undefined;
    this.#runner.signal();
  }

  /** The store holds a newer ring than ours, of somebody who leads or led. */
  async #goAboveStored(): Promise<void> {
    this.#published = undefined;
    const stored = await this.#parts.store.load();
    this.#raiseEpoch(stored?.revision ?? this.#rollout.ring.revision);
  }

  async #releaseIfAcknowledged(): Promise<void> {
    const now = performance.now();
    const allApplied = this.fleet.allApplied(this.#rollout.ring.revision);
    if (!this.#rollout.acknowledge(allApplied, () => this.fleet.connectionsBySlot(), now)) {
      const releaseIn = this.#rollout.releaseIn(allApplied, now);
      clearTimeout(this.#releaseTimer);
      if (releaseIn !== undefined && !this.#stopping.signal.aborted)
        this.#releaseTimer = setTimeout(() => this.#inBackground(this.#releaseIfAcknowledged()), releaseIn);
      return;
    }
    const planIn = this.#rollout.planIn(now);
    if (planIn !== undefined) this.#runner.signalIn(planIn);
    const { movableUpTo, spreadMs } = this.#rollout.release;
    this.events.add('release', `the moves of ring ${formatRevision(movableUpTo)} are released`, {
      movableUpTo,
      spreadMs,
    });
    await this.#heartbeatNow();
  }

  async #heartbeatNow(): Promise<void> {
    const result = await this.#openPublisher().heartbeat(this.#rollout.release);
    if (result === 'stale') await this.#goAboveStored();
  }

  #beat(): void {
    const gone = this.fleet.prune(performance.now());
    for (const gateway of gone) {
      this.events.add('gateway', `gateway ${gateway} is silent`, { gateway });
      this.#log.warn(
        { event: 'gateway-silent', gateway, action: 'check that gateway; rollouts no longer wait for it' },
        `gateway ${gateway} has not reported for 3 s`,
      );
    }
    this.#inBackground(this.#releaseIfAcknowledged().then(() => this.#heartbeatNow()));
    this.#refreshStatus();
  }

  #wakeLater(membership: Membership, listing: readonly Workload[]): void {
    const planIn = this.#rollout.planIn(performance.now());
    if (planIn !== undefined && !this.#parts.spec.spec.rebalance.paused) this.#runner.signalIn(planIn);
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

  #refreshStatus(): void {
    const { spec, generation } = this.#parts.spec;
    const observed = observe({
      spec,
      membership: this.leading && !this.#warmUp.cold ? this.#membership : undefined,
      problem: this.#scaler?.problem,
      publish: this.#publisher?.status,
      rollout: this.#rollout,
      fleet: this.fleet,
      now: performance.now(),
    });
    const conditions = withFindings(this.#conditions, findings(observed), generation, new Date());
    logConditionChanges(this.events, this.#conditions, conditions);
    this.#conditions = conditions;
  }

  /** What fails here is tried again by the next heartbeat. */
  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) =>
      this.#log.error(
        { event: 'publish-failed', error, action: 'mend the cause; it is tried again' },
        messageOf(error),
      ),
    );
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work, work);
    this.#turn = turn.catch(() => {});
    return turn;
  }

  #openSource(): WorkloadSource {
    if (this.#source === undefined) throw new WsClusterError('SOURCE_UNAVAILABLE', 'the controller is still starting');
    return this.#source;
  }

  #openScaler(): Scaler {
    if (this.#scaler === undefined) throw new WsClusterError('SOURCE_UNAVAILABLE', 'the controller is still starting');
    return this.#scaler;
  }

  #openPublisher(): Publisher {
    if (this.#publisher === undefined) throw new WsClusterError('BUS_UNAVAILABLE', 'the controller is still starting');
    return this.#publisher;
  }
}

function ownerIds(ring: Ring): string[] {
  return [...new Set(ring.table)].map((index) => ring.members[index]?.nodeId ?? '');
}
