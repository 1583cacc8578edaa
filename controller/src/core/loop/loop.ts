import { counted, type Ring, slotCounts } from '@wscluster/ring';
import { type Logger, SteadyTimes, steadyNow } from '@wscluster/service';
import type { EventLog } from '../events/event-log.ts';
import { type Membership, nextMembership } from '../membership/membership.ts';
import { membershipPolicy } from '../membership/policy.ts';
import type { Workload, WorkloadSource } from '../ports/workload-source.ts';
import type { GatewayLink } from '../publish/gateway-link.ts';
import type { RegistrySync } from '../publish/registry-sync.ts';
import type { Rollout } from '../rollout/rollout.ts';
import type { Scaler } from '../scale/scaler.ts';
import { desiredReplicas } from '../spec/nodes-schema.ts';
import type { SpecStore } from '../spec/spec-store.ts';
import { logNodeChanges } from './changes.ts';
import type { Intervals } from './intervals.ts';
import type { RingSteps } from './ring-steps.ts';
import { WarmUp } from './warm-up.ts';

export interface LoopParts {
  readonly spec: SpecStore;
  readonly source: WorkloadSource;
  readonly rollout: Rollout;
  readonly link: GatewayLink;
  readonly steps: RingSteps;
  readonly scaler: Scaler;
  readonly registry: RegistrySync | undefined;
  readonly events: EventLog;
  readonly intervals: Intervals;
  readonly log: Logger;
  leading(): boolean;
  /** Asks for another run within this many ms. */
  wakeIn(ms: number): void;
  /** The listing has been taken; what remains is starting and stopping nodes. */
  onTaken(): void;
}

/** From "something changed" to a published ring and the right number of nodes. One run at a time. */
export class Loop {
  readonly #parts: LoopParts;
  #membership: Membership;
  #warmUp: WarmUp;
  #listing: readonly Workload[] | undefined;
  readonly #drainTimes = new SteadyTimes();

  constructor(parts: LoopParts, membership: Membership) {
    this.#parts = parts;
    this.#membership = membership;
    this.#warmUp = this.#warmUpFor(membership);
  }

  /** Before the first run: another ring turned out to be the last one. */
  goOnFrom(membership: Membership): void {
    this.#membership = membership;
    this.#warmUp = this.#warmUpFor(membership);
  }

  get membership(): Membership {
    return this.#membership;
  }

  /** The last complete listing; undefined before the first. */
  get listing(): readonly Workload[] | undefined {
    return this.#listing;
  }

  /** True while the listing may be incomplete and must not move any client. */
  get cold(): boolean {
    return this.#warmUp.cold;
  }

  /** The whole chain, in order. Rejects if the nodes cannot be listed, or no ring can be made of them. */
  async run(): Promise<void> {
    const { source, spec, steps, registry, rollout, intervals, leading, wakeIn, onTaken } = this.#parts;
    wakeIn(intervals.resyncMs);
    const listing = await source.list();
    this.#take(listing);
    const timed = this.#timed(listing);
    const waitMs = this.#warmUp.look(listing, performance.now());
    if (waitMs !== undefined) {
      wakeIn(waitMs);
    } else {
      const membership = nextMembership(this.#membership, listing, membershipPolicy(spec.spec), steadyNow());
      this.#noteHeld(membership);
      // One that only stands in moves nobody who need not.
      const next = steps.plan(membership, timed, spec.spec, leading());
      this.#membership = membership;
      await steps.publish(next);
      registry?.want(rollout.ring.members, rollout.ring.revision);
      this.#wakeLater();
    }
    onTaken();
    // Last and separately: nodes that cannot be started must not delay the ring of the running ones.
    await this.#scale(timed);
  }

  #warmUpFor(membership: Membership): WarmUp {
    const { intervals, log } = this.#parts;
    return new WarmUp(membership, performance.now(), intervals.warmUpMs, log);
  }

  #take(listing: readonly Workload[]): void {
    logNodeChanges(this.#parts.events, this.#listing ?? [], listing);
    this.#listing = listing;
  }

  /** With steady times for all that is decided by how long ago a node was asked to leave. */
  #timed(listing: readonly Workload[]): readonly Workload[] {
    this.#drainTimes.keepOnly(new Set(listing.map(({ id }) => id)));
    return listing.map((workload) => {
      const { id, drainingSince } = workload;
      return drainingSince === undefined
        ? workload
        : { ...workload, drainingSince: this.#drainTimes.of(id, drainingSince) };
    });
  }

  #noteHeld({ held }: Membership): void {
    if (held.length <= this.#membership.held.length) return;
    const action = 'check the source of the nodes; start replacements, or raise rebalance.maxLostShare';
    this.#parts.log.error(
      { event: 'most-nodes-lost', nodes: held, action },
      `${counted(held.length, 'node')} vanished at once; the ring stays as it is`,
    );
  }

  #wakeLater(): void {
    const { rollout, link, steps, spec, intervals, wakeIn } = this.#parts;
    const planIn = rollout.planIn(performance.now());
    // Until all gateways have reported their counts, a plan holds moves back.
    const countedIn = link.countsKnown ? 0 : intervals.countsCheckMs;
    if (planIn !== undefined && !spec.spec.rebalance.paused) wakeIn(Math.max(planIn, countedIn));
    if (steps.balanceAt !== undefined) wakeIn(Math.max(0, steps.balanceAt - performance.now()));
    const { nextChangeAt } = this.#membership;
    if (nextChangeAt !== undefined) wakeIn(Math.max(0, nextChangeAt - steadyNow()));
    if (this.#listing?.some(({ phase }) => phase === 'draining')) wakeIn(intervals.drainCheckMs);
  }

  async #scale(listing: readonly Workload[]): Promise<void> {
    const { spec, rollout, link, scaler, leading, wakeIn } = this.#parts;
    // A run may outlast the lead, and containers cannot refuse a former leader.
    if (!leading()) return;
    const { nodes } = spec.spec;
    // Until a ring is acknowledged, some gateway may still route by the previous one, so every node may be an owner.
    // The same is true while no gateway is known.
    const settled = rollout.acknowledged && !this.cold && !link.hearing.unknown;
    const againMs = await scaler.scale({
      listing,
      replicas: desiredReplicas(nodes),
      owners: new Set(settled ? ownerIds(rollout.ring) : listing.map(({ id }) => id)),
      connections: link.fleet.connectionsByNode,
      drainMs: nodes.drainSeconds * 1000,
      now: steadyNow(),
    });
    if (againMs !== undefined) wakeIn(againMs);
  }
}

function ownerIds(ring: Ring): string[] {
  const counts = slotCounts(ring);
  return ring.members.filter((_, index) => (counts[index] ?? 0) > 0).map(({ nodeId }) => nodeId);
}
