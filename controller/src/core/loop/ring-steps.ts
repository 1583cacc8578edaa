import {
  type ClusterSettings,
  counted,
  createRing,
  formatRevision,
  type Member,
  type Ring,
  type Step,
} from '@wscluster/ring';
import { type Logger, steadyNow, wallTimeOf } from '@wscluster/service';
import type { EventLog } from '../events/event-log.ts';
import type { Balance } from '../membership/balance.ts';
import type { Known } from '../membership/held-target.ts';
import { isMeasured, type Measured, measuredOf } from '../membership/measured.ts';
import type { Membership } from '../membership/membership.ts';
import { type Circumstances, RingTarget } from '../membership/ring-target.ts';
import type { Workload } from '../ports/workload-source.ts';
import type { GatewayLink } from '../publish/gateway-link.ts';
import { type Convergence, ConvergenceWatch } from '../rollout/convergence.ts';
import { paceOf } from '../rollout/pace.ts';
import type { Pace, Rollout } from '../rollout/rollout.ts';
import { loadQueryOf } from '../spec/rebalance-schema.ts';
import { publishedRoute } from '../spec/routing-schema.ts';
import type { ClusterSpec } from '../spec/schema.ts';
import { RecentOwners } from './recent-owners.ts';

export interface RingStepParts {
  readonly rollout: Rollout;
  readonly link: Pick<GatewayLink, 'askLoad' | 'countsKnown' | 'fleet' | 'hearing' | 'load' | 'publish'>;
  readonly events: EventLog;
  readonly log: Logger;
}

/** A ring to publish, and what goes with it. */
interface NextRing {
  readonly ring: Ring;
  readonly step: Step;
  readonly pace: Pace;
  readonly settings: ClusterSettings;
  readonly vacancies: Membership['vacancies'];
}

/** Takes the ring towards its target step by step, and knows which changes are in progress. */
export class RingSteps {
  readonly #parts: RingStepParts;
  readonly #recent = new RecentOwners();
  readonly #convergence = new ConvergenceWatch();
  readonly #target = new RingTarget();
  /** What was published beside the ring, as JSON; undefined if the next ring has to be published whatever it is. */
  #published: { settings: string; vacancies: string } | undefined;

  constructor(parts: RingStepParts) {
    this.#parts = parts;
  }

  /** The last change of owners that is complete. */
  get convergence(): Convergence | undefined {
    return this.#convergence.last;
  }

  /** The previous owner of a slot; undefined if the owner has not changed recently. */
  previousOwner(slot: number): Member | undefined {
    return this.#recent.of(slot, performance.now());
  }

  /** Publishes the next ring even if it equals the last one. */
  repeat(): void {
    this.#published = undefined;
  }

  /** When connections may move for balance alone, monotonic ms; undefined while there is no need. */
  get balanceAt(): number | undefined {
    return this.#target.balanceAt;
  }

  /**
   * The target of these members, and the next step towards it at the configured pace. `mayBalance`: this process leads,
   * so that it may move those who need not.
   */
  plan(membership: Membership, listing: readonly Workload[], spec: ClusterSpec, mayBalance: boolean): NextRing {
    const { rollout, link } = this.#parts;
    const { fleet, hearing } = link;
    rollout.hear(hearing);
    link.askLoad(loadQueryOf(spec.rebalance));
    const now = performance.now();
    const { members, vacancies } = membership;
    const circumstances = this.#circumstances(spec);
    let owners = this.#target.owners(membership, rollout.ring, circumstances);
    const calm = mayBalance && rollout.isAtRest(now);
    const balance = this.#target.balance(membership, rollout.ring, circumstances, calm);
    if (balance !== undefined) {
      this.#noteBalance(balance);
      owners = this.#target.owners(membership, rollout.ring, circumstances);
    }
    const pace = paceOf({
      maxConnectionsPerSecond: spec.rebalance.maxConnectionsPerSecond,
      paused: spec.rebalance.paused,
      drainMs: spec.nodes.drainSeconds * 1000,
      listing,
      connections: hearing.deaf ? fleet.connectionsByOwner(rollout.ring) : fleet.connectionsByNode,
      deaf: hearing.deaf,
      now: steadyNow(),
    });
    // Without a limit no counts are needed.
    const countsKnown = link.countsKnown || !Number.isFinite(pace.perSecond);
    const connections = fleet.connectionsBySlot;
    const next = rollout.plan({ members, ...owners, connections, countsKnown, pace, now });
    return { ...next, pace, settings: settingsOf(spec), vacancies };
  }

  /** What counts now; undefined until it is known. */
  measured(spec: ClusterSpec): Measured | undefined {
    const { rebalance, connections, load } = this.#circumstances(spec);
    return isMeasured(rebalance, load) ? measuredOf(rebalance, connections, load) : undefined;
  }

  /** How well the connections of all slots are known. */
  get known(): Known {
    const { countsKnown, hearing } = this.#parts.link;
    return !countsKnown ? 'no' : hearing.uncertain ? 'partly' : 'all';
  }

  /**
   * The ring once it has followed these memberships, one after the other, if connections stay as they are. Decides as
   * `plan` does, and changes nothing.
   */
  foresee(memberships: readonly Membership[], spec: ClusterSpec): Ring {
    const target = this.#target.copy();
    const circumstances = this.#circumstances(spec);
    return memberships.reduce((ring, membership) => {
      const { desired } = target.owners(membership, ring, circumstances);
      return createRing(ring.revision, membership.members, desired);
    }, this.#parts.rollout.ring);
  }

  #circumstances({ rebalance }: ClusterSpec): Circumstances {
    const { fleet, load } = this.#parts.link;
    const connections = fleet.connectionsBySlot;
    return { rebalance, connections, load, known: this.known, now: performance.now() };
  }

  #noteBalance({ connections, peak }: Balance): void {
    const { events, log } = this.#parts;
    const details = { connections, peakBefore: rounded(peak.before), peakAfter: rounded(peak.after) };
    const message =
      `balance: ${counted(connections, 'connection moves', 'connections move')}, so that the fullest node has ${details.peakAfter} of its share, ` +
      `not ${details.peakBefore}`;
    log.info({ event: 'balance', ...details }, message);
    events.add('ring', message, details);
  }

  /** Publishes a planned ring, unless nothing has changed. */
  async publish({ ring, step, pace, settings, vacancies }: NextRing): Promise<void> {
    const { rollout, link, events, log } = this.#parts;
    const before = rollout.ring;
    const context = { settings: JSON.stringify(settings), vacancies: JSON.stringify(vacancies) };
    const same =
      ring.digest === before.digest &&
      this.#published?.settings === context.settings &&
      this.#published.vacancies === context.vacancies;
    if (same) return;

    this.#published = context;
    const now = performance.now();
    this.#recent.changed(before, ring, now);
    const changed = step.slots.lost + step.slots.drain + step.slots.balance;
    const revision = formatRevision(ring.revision);
    const { members } = ring;
    const { slots, connections: moving, remaining } = step;
    const details = { revision, members: members.length, slots, connections: moving, remaining };
    const message = `ring ${revision}: ${counted(members.length, 'member')}, ${counted(changed, 'slot')} and ${counted(moving, 'connection')} move`;
    log.info({ event: 'ring-published', ...details }, message);
    events.add('ring', message, details);
    if (changed > 0) this.#convergence.begin(now, link.fleet.moved);
    const kept = vacancies.map((vacancy) => ({ ...vacancy, since: wallTimeOf(vacancy.since) }));
    await link.publish(ring, pace, { settings, vacancies: kept });
  }

  /** Call it every second: notices when moves are complete. */
  beat(): void {
    const { rollout, link, events } = this.#parts;
    const now = performance.now();
    this.#target.note(() => link.fleet.connectionsBySlot, now);
    if (!rollout.acknowledged || rollout.isMoving(now)) this.#recent.keep(now);
    const ended = this.#convergence.look(rollout, link.fleet.moved, now);
    if (ended === undefined) return;
    const { ms, moved } = ended;
    events.add('converged', `settled: ${counted(moved, 'client')} moved in ${ms} ms`, { moved, ms });
  }
}

/** What of the spec the gateways follow. */
function settingsOf({ routing: { routes }, gateway, rebalance }: ClusterSpec): ClusterSettings {
  const { limits, trustedProxies } = gateway;
  const { mode, onLost, closeCode, lostSeconds, httpSeconds } = rebalance;
  return {
    routes: routes.map(publishedRoute),
    limits,
    moves: { mode, onLost, closeCode, lostSeconds, httpSeconds },
    trustedProxies,
  };
}

function rounded(ratio: number): number {
  return Math.round(ratio * 100) / 100;
}
