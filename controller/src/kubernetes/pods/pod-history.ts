import { SteadyTimes, steadyNow } from '@wscluster/service';
import type { Workload } from '../../core/ports/workload-source.ts';
import type { PodFacts } from './pod-facts.ts';
import { phaseOf } from './pod-phase.ts';

export interface ObservedNode {
  readonly facts: PodFacts;
  readonly phase: Workload['phase'];
}

interface Departure {
  readonly managed: boolean;
  /** When its end was noticed, by performance.now(). */
  readonly at: number;
}

/**
 * What is known about pods besides their present state: which were ready, since when they drain, and which have ended.
 */
export class PodHistory {
  readonly #keepMs: number;
  /** The run of its container in which a pod was last ready. */
  readonly #readyRuns = new Map<string, number>();
  /** When a person's annotation to drain was first seen, Unix ms: it contains no time. */
  readonly #drainSeen = new Map<string, number>();
  readonly #drainTimes = new SteadyTimes();
  /** When the deletion of a pod was first seen, by performance.now(): the clock of the API server may differ. */
  readonly #deletionSeen = new Map<string, number>();
  readonly #departed = new Map<string, Departure>();
  /** The pods of the last observation; the value says whether it is managed. */
  #last = new Map<string, boolean>();

  /** `keepMs`: how long a node is listed as gone, and an ended managed pod is kept. */
  constructor(keepMs: number) {
    this.#keepMs = keepMs;
  }

  /** Takes all existing pods. */
  observe(pods: readonly PodFacts[]): ObservedNode[] {
    const nodes = pods.map((facts) => {
      this.#remember(facts);
      return { facts, phase: phaseOf(facts, { readyRun: this.#readyRuns.get(facts.uid) }) };
    });
    const managedNow = new Map(pods.map(({ uid, managed }) => [uid, managed]));
    const at = performance.now();
    for (const [uid, managed] of this.#last)
      if (!managedNow.has(uid) && !this.#departed.has(uid)) this.#departed.set(uid, { managed, at });
    for (const { facts, phase } of nodes) {
      if (phase !== 'gone') this.#departed.delete(facts.uid);
      else if (!this.#departed.has(facts.uid)) this.#departed.set(facts.uid, { managed: facts.managed, at });
    }
    for (const [uid, departure] of this.#departed)
      if (!managedNow.has(uid) && this.#isOver(departure)) this.#departed.delete(uid);
    for (const known of [this.#readyRuns, this.#drainSeen, this.#deletionSeen])
      for (const uid of known.keys()) if (!managedNow.has(uid)) known.delete(uid);
    for (const facts of pods) this.drainingForMs(facts); // converts what is new
    this.#drainTimes.keepOnly(new Set(managedNow.keys()));
    this.#last = managedNow;
    return nodes;
  }

  /** Since when a pod is draining, Unix ms; the earliest time if there are several reasons. */
  drainingSince({ uid, drain, deletion }: PodFacts): number | undefined {
    const asked = typeof drain === 'number' ? drain : this.#drainSeen.get(uid);
    if (asked === undefined || deletion === undefined) return asked ?? deletion?.since;
    return Math.min(asked, deletion.since);
  }

  /** How long ago a pod was asked to leave, ms; 0 if it was not. */
  drainingForMs(facts: PodFacts): number {
    const since = this.drainingSince(facts);
    return since === undefined ? 0 : steadyNow() - this.#drainTimes.of(facts.uid, since);
  }

  /**
   * For how long a deleted pod has exceeded its time to end, ms; negative before that, undefined if it is not deleted.
   */
  overdueMs({ uid, deletion }: PodFacts): number | undefined {
    const seen = this.#deletionSeen.get(uid);
    if (deletion === undefined || seen === undefined) return undefined;
    return performance.now() - seen - (deletion.until - deletion.since);
  }

  /** Nodes that ended recently. */
  get departed(): readonly Workload[] {
    return [...this.#departed]
      .filter(([, departure]) => !this.#isOver(departure))
      .map(([id, { managed }]) => ({ id, address: undefined, phase: 'gone', managed }));
  }

  /** Ids of ended managed nodes that have been kept long enough for their logs and for the next controller. */
  get removable(): readonly string[] {
    return [...this.#departed]
      .filter(([, departure]) => departure.managed && this.#isOver(departure))
      .map(([id]) => id);
  }

  #isOver({ at }: Departure): boolean {
    return performance.now() - at > this.#keepMs;
  }

  #remember(facts: PodFacts): void {
    if (facts.ready && facts.ip !== undefined && facts.container === 'running')
      this.#readyRuns.set(facts.uid, facts.run);
    if (facts.deletion !== undefined && !this.#deletionSeen.has(facts.uid))
      this.#deletionSeen.set(facts.uid, performance.now());
    if (facts.drain !== 'unknown') this.#drainSeen.delete(facts.uid);
    else if (!this.#drainSeen.has(facts.uid)) this.#drainSeen.set(facts.uid, Date.now());
  }
}
