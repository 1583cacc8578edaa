import {
  compareRevisions,
  formatRevision,
  messageOf,
  type Reporting,
  type Revision,
  type Ring,
  type Uplink,
} from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import type { RingStore } from '@wscluster/transport';
import type { EventLog } from '../events/event-log.ts';
import type { Fleet } from '../fleet/fleet.ts';
import { GatewayReports } from '../fleet/gateway-reports.ts';
import type { Hearing } from '../fleet/hearing.ts';
import type { MeasuredLoad } from '../fleet/load-meter.ts';
import type { Pace, Rollout } from '../rollout/rollout.ts';
import type { LoadQuery } from '../spec/rebalance-schema.ts';
import { nextEpoch } from './epoch.ts';
import { GatewayBalance } from './gateway-balance.ts';
import { logGatewayChanges } from './gateway-changes.ts';
import type { Publication, Publisher } from './publisher.ts';

/**
 * Acknowledgements of all gateways are spread over half a millisecond for each, so that the controller reads them as
 * they come, within these limits, ms.
 */
const SPREAD = { each: 0.5, least: 10, most: 200 };

export interface GatewayLinkParts {
  readonly rollout: Rollout;
  readonly publisher: Publisher;
  readonly store: RingStore;
  readonly events: EventLog;
  readonly log: Logger;
  /** Whether the gateways are to be evened out now, at how many clients a second. */
  balancing(): { readonly enabled: boolean; readonly perSecond: number };
  /** Asks now whether this process still leads. */
  confirmLead(): Promise<boolean>;
  /** True if this leader must not go above that ring, since it should have gone on from it. */
  isBehind(seen: Revision): boolean;
  /** The next step can be planned within this many ms. */
  onPlanIn(ms: number): void;
  /** The ring continues under a higher epoch, and has to be published again. */
  onEpochRaised(): void;
  /** Gateways, ring or release have changed. */
  onChange(): void;
}

/**
 * The conversation with the gateways: rings and releases out, reports in. Publishes what the loop has decided, releases
 * its moves once they are acknowledged, and raises the epoch if a newer ring turns up.
 */
export class GatewayLink {
  readonly #parts: GatewayLinkParts;
  readonly #reports = new GatewayReports();
  readonly #balance: GatewayBalance;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  #confirming = false;

  constructor(parts: GatewayLinkParts) {
    this.#parts = parts;
    this.#balance = new GatewayBalance(parts.log, parts.events);
  }

  /** Asks the gateways for what they relay by slot; undefined: no longer. */
  askLoad(query: LoadQuery | undefined): void {
    this.#reports.load.ask(query, performance.now());
  }

  /** What they relay by slot, of late; undefined if it is not asked for or not known. */
  get load(): MeasuredLoad | undefined {
    return this.#reports.load.at(performance.now());
  }

  /** The gateways as last reported. */
  get fleet(): Fleet {
    return this.#reports.fleet;
  }

  /** How well the gateways are heard now. */
  get hearing(): Hearing {
    return this.#reports.hearing(performance.now(), this.#parts.publisher.busSince);
  }

  /** The bus has carried messages for so long, ms. */
  hasHeardFor(ms: number): boolean {
    const { busSince } = this.#parts.publisher;
    return busSince !== undefined && performance.now() - busSince >= ms;
  }

  /** The connections of all slots are known. */
  get countsKnown(): boolean {
    return this.fleet.countsKnown && !this.hearing.unknown;
  }

  async publish(ring: Ring, pace: Pace, context: Pick<Publication, 'settings' | 'vacancies'>): Promise<void> {
    const { rollout, publisher, onChange } = this.#parts;
    // Before the ring is sent: a gateway's acknowledgement may arrive before the publishing call returns.
    rollout.published(ring, pace, performance.now());
    onChange();
    const result = await publisher.publish({ ring, release: rollout.release, ...context });
    if (result === 'stale') await this.#goAboveStored();
    else this.#inBackground(this.#releaseIfAcknowledged());
  }

  /** `leading`: without it, reports only count for the next epoch. */
  receive(message: Uplink, leading: boolean): void {
    const { rollout, events, log } = this.#parts;
    // A recalled ring is for a process that takes the lead, see recallRing.
    if (message.type === 'held') return;
    const before = this.#reports.statusOf(message.gateway);
    logGatewayChanges(events, before, message);
    if (message.type === 'leave') {
      this.#reports.leave(message.gateway);
    } else if (this.#reports.report(message, performance.now()) === 'damaged') {
      log.warn(
        {
          event: 'report-damaged',
          gateway: message.gateway,
          action: 'run the same version of gateways and controller',
        },
        'a report has unreadable connection counts; the previous counts stay in use',
      );
    } else if (leading && compareRevisions(message.applied, rollout.ring.revision) > 0) {
      this.#inBackground(this.#outranked(message.applied));
    }
    if (before === undefined && (this.#reports.statusOf(message.gateway)?.connections ?? 0) > 0) rollout.addGateway();
    this.#inBackground(this.#releaseIfAcknowledged());
  }

  /** Call it every second: gives up silent gateways, and sends the ring's revision and release again. */
  beat(): void {
    const { events, log, publisher } = this.#parts;
    for (const gateway of this.#reports.prune(performance.now(), publisher.busSince)) {
      events.add('gateway', `gateway ${gateway} is silent`, { gateway });
      log.warn(
        { event: 'gateway-silent', gateway, action: 'check that gateway; rollouts no longer wait for it' },
        `gateway ${gateway} no longer reports`,
      );
    }
    this.#lookAtBalance();
    this.#inBackground(this.#releaseIfAcknowledged().then(() => this.#heartbeat()));
  }

  /** Clients are sent to other gateways only while none is moved to another node. */
  #lookAtBalance(): void {
    const { rollout, balancing } = this.#parts;
    const now = performance.now();
    const known = this.countsKnown && !this.hearing.uncertain;
    this.#balance.look({ ...balancing(), calm: rollout.isAtRest(now), known, gateways: this.fleet.gateways, now });
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #releaseIfAcknowledged(): Promise<void> {
    const { rollout, events, onPlanIn, onChange } = this.#parts;
    const now = performance.now();
    rollout.hear(this.hearing);
    const allApplied = this.#reports.allApplied(rollout.ring.revision);
    const toMove = (slots: ReadonlySet<number>, leftOver: boolean) =>
      this.#reports.toMove(slots, rollout.ring, leftOver);
    const released = rollout.acknowledge(allApplied, toMove, now);
    onChange();
    if (!released) {
      const releaseIn = rollout.releaseIn(allApplied, now);
      clearTimeout(this.#timer);
      if (releaseIn !== undefined && !this.#closed)
        this.#timer = setTimeout(() => this.#inBackground(this.#releaseIfAcknowledged()), releaseIn);
      return;
    }
    const planIn = rollout.planIn(now);
    if (planIn !== undefined) onPlanIn(planIn);
    const { movableUpTo, spreadMs } = rollout.release;
    const message = `the moves of ring ${formatRevision(movableUpTo)} are released`;
    events.add('release', message, { movableUpTo, spreadMs });
    await this.#heartbeat();
  }

  async #heartbeat(): Promise<void> {
    const { publisher, rollout } = this.#parts;
    if ((await publisher.heartbeat(rollout.release, this.#reporting, this.#balance.surplus)) === 'stale')
      await this.#goAboveStored();
  }

  get #reporting(): Reporting {
    const { awaited, size, load } = this.#reports;
    const spreadMs = Math.min(SPREAD.most, Math.max(SPREAD.least, size * SPREAD.each));
    return { wholeOf: awaited, spreadMs, ...(load.measure && { load: load.measure }) };
  }

  /** The store holds a newer ring than ours, from a present or former leader. */
  async #goAboveStored(): Promise<void> {
    const { store, rollout, isBehind, onEpochRaised } = this.#parts;
    let seen = rollout.ring.revision;
    try {
      seen = (await store.revision()) ?? seen;
    } finally {
      // Whether or not the store can be read: the ring that we tried to publish was not sent.
      if (!isBehind(seen)) onEpochRaised();
    }
    await this.#outranked(seen);
  }

  /**
   * A newer ring than ours was seen: continue above it, so that nobody refuses our rings, unless another controller
   * leads now.
   */
  async #outranked(seen: Revision): Promise<void> {
    if (this.#confirming || this.#parts.isBehind(seen)) return;
    this.#confirming = true;
    try {
      const leads = await this.#parts.confirmLead();
      // Unless another sign of the same ring has raised the epoch meanwhile.
      if (leads && compareRevisions(seen, this.#parts.rollout.ring.revision) >= 0) this.#raiseEpoch(seen);
    } finally {
      this.#confirming = false;
    }
  }

  #raiseEpoch(seen: Revision): void {
    const { rollout, log, onEpochRaised } = this.#parts;
    const epoch = nextEpoch(rollout.ring.revision, seen);
    const action = 'none, unless this recurs: then stop the other controller, which does not share the leader election';
    log.warn(
      { event: 'epoch-raised', epoch, seen: formatRevision(seen), action },
      `saw the higher revision ${formatRevision(seen)}; continuing in epoch ${epoch}`,
    );
    rollout.adopt({ epoch, version: 0 });
    onEpochRaised();
  }

  /** A failure is retried by the next beat. */
  #inBackground(work: Promise<void>): void {
    work.catch((error: unknown) =>
      this.#parts.log.error(
        { event: 'publish-failed', error, action: 'fix the cause; the controller tries again' },
        messageOf(error),
      ),
    );
  }
}
