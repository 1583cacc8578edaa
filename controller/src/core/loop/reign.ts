import {
  compareRevisions,
  formatRevision,
  isReport,
  messageOf,
  ownerOf,
  type Revision,
  type Uplink,
  WsClusterError,
} from '@wscluster/ring';
import { CoalescedRunner, SerialQueue, Trouble } from '@wscluster/service';
import { EventLog } from '../events/event-log.ts';
import { restore } from '../membership/restore.ts';
import type { Change } from '../plan/change.ts';
import { type PlannedChange, planChange } from '../plan/planner.ts';
import { NodeOperations } from '../scale/node-operations.ts';
import { patchedSpec } from '../spec/patch.ts';
import { CurrentView } from './current-view.ts';
import { DEFAULT_INTERVALS, type Intervals } from './intervals.ts';
import { type OpenedParts, openParts } from './open-parts.ts';
import type { ReignParts } from './parts.ts';
import { GivenRings } from './recall.ts';
import type { Whereabouts } from './recent-owners.ts';
import { metered } from './run-meter.ts';
import { makeStages, type Stages } from './stages.ts';
import { takeLead } from './take-lead.ts';
import type { ClusterView } from './view.ts';

/**
 * One cluster while this process leads it. Only the loop decides about the ring. Changes by people run in turn with it,
 * so nothing needs a lock. Readers get one immutable view.
 */
export class Reign {
  readonly events = new EventLog();
  readonly nodes: NodeOperations;
  readonly #parts: ReignParts;
  readonly #intervals: Intervals;
  readonly #opened: OpenedParts;
  readonly #stages: Stages;
  readonly #current: CurrentView;
  readonly #runner: CoalescedRunner;
  /** The last run of the loop. */
  readonly #trouble: Trouble;
  readonly #turns = new SerialQueue();
  readonly #given = new GivenRings();
  readonly #stopping = new AbortController();
  readonly #outdated = new AbortController();
  /** It took the lead without being able to hear gateways, so they may route by a newer ring. */
  #unheard = false;
  /** See settled. */
  #settled = false;
  readonly #taking: Promise<void>;
  #beats: NodeJS.Timeout | undefined;
  #lastLedAt = new Date();

  /**
   * Called when elected: opens the parts, listens for gateways, then leads. If a part rejects, the parts are closed and
   * this rejects.
   */
  static async begin(parts: ReignParts): Promise<Reign> {
    // What comes before there is a reign is not lost: gateways report every second, and the loop lists anyway.
    let reign: Reign | undefined;
    const opened = await openParts(parts, {
      onUplink(message) {
        if (reign !== undefined) reign.#receive(message);
      },
      onChange() {
        if (reign !== undefined) reign.#runner.signal();
      },
    });
    reign = new Reign(parts, opened);
    return reign;
  }

  private constructor(parts: ReignParts, opened: OpenedParts) {
    const { spec, log } = parts;
    const { source, storedRevision } = opened;
    this.#parts = parts;
    this.#intervals = parts.intervals ?? DEFAULT_INTERVALS;
    this.#opened = opened;
    this.#trouble = new Trouble(log, { level: 'error' });
    this.#runner = new CoalescedRunner(
      () => this.#turns.run(() => this.#run()),
      (error) => this.#fail(error),
    );
    this.#stages = makeStages(parts, opened, this.#intervals, {
      events: this.events,
      leading: () => this.#mayWrite,
      isBehind: (seen) => this.#isBehind(seen),
      wake: (inMs) => (inMs === undefined ? this.#runner.signal() : this.#runner.signalIn(inMs)),
      onChange: () => this.#current.swap(),
      onFinding: () => this.#current.judge(),
      onTaken: () => this.#recover(),
    });
    this.#current = new CurrentView({
      ...{ spec, stages: this.#stages, events: this.events },
      leading: () => this.leading,
      standingIn: () => parts.leadership.standingIn,
      failure: () => this.#trouble.problem,
    });
    this.nodes = new NodeOperations({
      ...{ spec, log, source, scaler: this.#stages.scaler },
      inTurn: (work) => this.#change(work),
    });
    this.#taking = this.#takeLead(storedRevision);
  }

  /** The present view. */
  get view(): ClusterView {
    return this.#current.view;
  }

  /** When it last led, as far as its heartbeats tell. From then on the cluster may differ from the view. */
  get lastLedAt(): Date {
    return this.#lastLedAt;
  }

  /** It publishes rings, and may stand in. */
  get leading(): boolean {
    const { leading, standingIn } = this.#parts.leadership;
    return this.hasBegun && (leading || standingIn);
  }

  /** It knows the newest ring that exists, and goes on from it. */
  get hasBegun(): boolean {
    return this.#beats !== undefined;
  }

  get #mayWrite(): boolean {
    return this.hasBegun && this.#parts.leadership.leading;
  }

  /** Something has changed since the last run of the loop began. */
  get waiting(): boolean {
    return this.#runner.waiting;
  }

  /** Why it is not ready; undefined if it leads and knows the present nodes. */
  get notReady(): string | undefined {
    if (!this.leading) return 'waiting to lead';
    return this.#trouble.problem ?? (this.listed ? undefined : 'waiting for the first list of the nodes');
  }

  /** It leads, and has listed the nodes. */
  get listed(): boolean {
    return this.leading && this.#stages.loop.listing !== undefined;
  }

  /** It has listed the nodes, the listing counts, and the conditions are judged by it. */
  get settled(): boolean {
    return this.listed && this.#settled;
  }

  /** Where the clients of a slot are now, and where they were a moment ago. Throws NO_MEMBERS. */
  whereabouts(slot: number): Whereabouts {
    const { ring } = this.view;
    const owner = ownerOf(ring, slot);
    if (owner === undefined) throw new WsClusterError('NO_MEMBERS', 'the ring has no members: no node is ready');
    return { revision: ring.revision, owner, previous: this.#stages.steps.previousOwner(slot) };
  }

  /** Predicts what a change would move. Throws NOT_FOUND for an unknown node. */
  plan(change: Change): PlannedChange {
    return planChange(change, this.view, this.#stages.steps);
  }

  /** Changes the stored spec by a JSON merge patch. Throws REQUEST_INVALID naming the field. */
  patchSpec(patch: unknown): Promise<void> {
    return this.#change(async () => {
      await this.#parts.spec.update((spec) => patchedSpec(spec, patch));
      this.specChanged();
    });
  }

  /** The spec has changed. */
  specChanged(): void {
    const { generation } = this.#parts.spec;
    this.events.add('spec', `the spec was changed (generation ${generation})`, { generation });
    this.#current.swap();
    this.#runner.signal();
  }

  /** Aborted if it continues from an older ring than there is: begin another reign, which finds the newer one. */
  get outdated(): AbortSignal {
    return this.#outdated.signal;
  }

  /** Stops leading. The gateways keep the last ring; nodes keep running unless `endNodes`. */
  async stop({ endNodes }: { endNodes: boolean }): Promise<void> {
    // First nothing new begins, then everything in progress ends, so that nothing writes once the parts are closed.
    this.#stopping.abort();
    await this.#taking;
    clearInterval(this.#beats);
    await this.#runner.stop();
    await this.#turns.idle();
    const { bus, source } = this.#opened;
    const { link, registry } = this.#stages;
    link.close();
    if (endNodes) await source.endAll();
    // In parallel: the next leader only waits for the slowest.
    await Promise.all([source.close(), registry?.close(), bus.close(), this.#parts.store.close()]);
  }

  async #takeLead(storedRevision: OpenedParts['storedRevision']): Promise<void> {
    const { name, store, log, seenEpoch = 0 } = this.#parts;
    const { rollout, loop, link } = this.#stages;
    const lead = await takeLead({
      ...{ cluster: name, store, bus: this.#opened.bus, log, given: this.#given, storedRevision, seenEpoch },
      ring: rollout.ring,
      fleet: () => link.fleet,
      intervals: this.#intervals,
      signal: this.#stopping.signal,
    });
    if (lead === undefined) return;
    const { newer, epoch } = lead;
    if (newer !== undefined) {
      const { ring, membership } = restore(newer);
      loop.goOnFrom(membership);
      rollout.restart(ring, newer.release);
    }
    rollout.adopt({ epoch, version: 0 });
    this.#unheard = !link.hasHeardFor(this.#intervals.listenMs);
    log.info({ event: 'leading', cluster: name, epoch }, `leads ${name} in epoch ${epoch}`);
    this.#beats = setInterval(() => this.#beat(), this.#intervals.heartbeatMs);
    this.#current.swap();
    this.#runner.signal();
  }

  #receive(message: Uplink): void {
    if (message.type === 'held') this.#given.add(message.ring);
    if (isReport(message) && this.leading && this.#isBehind(message.applied)) return;
    this.#stages.link.receive(message, this.leading);
    if (isReport(message) && this.leading && this.#leads(message.applied)) this.#parts.leadership.followed();
  }

  /** Whether a gateway that routes by this revision follows this leader. */
  #leads(applied: Revision): boolean {
    const { revision } = this.#stages.rollout.ring;
    return applied.epoch === revision.epoch && applied.version <= revision.version;
  }

  /** Notes a newer ring, of which this leader could not know when it began without hearing gateways. */
  #isBehind(seen: Revision): boolean {
    const { revision } = this.#stages.rollout.ring;
    if (!this.#unheard || compareRevisions(seen, revision) <= 0) return false;
    if (this.#outdated.signal.aborted) return true;
    const { name, log } = this.#parts;
    const details = { cluster: name, seen: formatRevision(seen), revision: formatRevision(revision) };
    const action = 'none: it takes the lead again, and continues from the newer ring';
    log.warn({ event: 'ring-outdated', ...details, action }, 'there is a newer ring than the one that was stored');
    this.#outdated.abort();
    return true;
  }

  async #run(): Promise<void> {
    if (!this.leading) return;
    await metered(this.#parts.meter, () => this.#stages.loop.run());
    this.#current.judge();
  }

  #beat(): void {
    if (!this.leading) return;
    this.#lastLedAt = new Date();
    const { link, documents, steps } = this.#stages;
    link.beat();
    documents.retry();
    steps.beat();
    this.#current.judge();
  }

  #recover(): void {
    const { name } = this.#parts;
    this.#trouble.recovered({ event: 'reconcile-recovered', cluster: name }, 'reconciles again');
    this.#current.judge();
    this.#settled = !this.#stages.loop.cold;
  }

  #fail(error: unknown): void {
    const { name } = this.#parts;
    const text = messageOf(error);
    const action = 'fix the cause; the last ring stays in use';
    this.#trouble.failed({ event: 'reconcile-failed', cluster: name, error, action }, text, text);
    this.#current.judge();
  }

  /**
   * A change by a person, in turn with the loop, which then runs. Throws NO_LEADER once another controller may lead.
   */
  #change<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turns.run(() => {
      const { name, leadership } = this.#parts;
      if (leadership.leading) return work();
      const why = leadership.standingIn
        ? `only stands in as the leader of ${name} until its lock can be renewed, and takes no changes`
        : `no longer leads ${name}`;
      throw new WsClusterError('NO_LEADER', `this controller ${why}; retry`);
    });
    return done.finally(() => {
      this.#current.swap();
      this.#runner.signal();
    });
  }
}
