import type { EventLog } from '../../events/event-log.ts';
import { logConditionChanges } from '../changes.ts';
import { type Condition, findings, type Observed, withFindings } from './conditions.ts';
import { type Link, linksOf } from './links.ts';

/** The conditions of a cluster and its links to servers, as last judged; changes of conditions become events. */
export class Status {
  readonly #events: EventLog;
  #conditions: readonly Condition[] = [];
  #links: readonly Link[] = [];

  constructor(events: EventLog) {
    this.#events = events;
  }

  get conditions(): readonly Condition[] {
    return this.#conditions;
  }

  get links(): readonly Link[] {
    return this.#links;
  }

  /** `generation`: of the spec that was observed. */
  judge(observed: Observed, generation: number): void {
    const now = new Date();
    const conditions = withFindings(this.#conditions, findings(observed), generation, now);
    logConditionChanges(this.#events, this.#conditions, conditions);
    this.#conditions = conditions;
    this.#links = linksOf(this.#links, observed, now);
  }
}
