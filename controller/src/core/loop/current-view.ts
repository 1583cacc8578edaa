import type { EventLog } from '../events/event-log.ts';
import type { SpecStore } from '../spec/spec-store.ts';
import type { Stages } from './stages.ts';
import { FullNodes } from './status/full-nodes.ts';
import { HotSlots } from './status/hot-slots.ts';
import { observe } from './status/observe.ts';
import { Status } from './status/status.ts';
import type { ClusterView } from './view.ts';

export interface CurrentViewParts {
  readonly spec: SpecStore;
  readonly stages: Stages;
  readonly events: EventLog;
  leading(): boolean;
  standingIn(): boolean;
  /** Why the last run of the loop failed; undefined if it succeeded. */
  failure(): string | undefined;
}

/**
 * The view for readers. It is replaced as a whole, so that no reader sees half of a change; when it is asked for, since
 * reports come by the hundred, and readers seldom.
 */
export class CurrentView {
  readonly #parts: CurrentViewParts;
  readonly #status: Status;
  readonly #full = new FullNodes();
  readonly #hot = new HotSlots();
  /** Undefined once something in it has changed. */
  #view: ClusterView | undefined;

  constructor(parts: CurrentViewParts) {
    this.#parts = parts;
    this.#status = new Status(parts.events);
  }

  get view(): ClusterView {
    this.#view ??= this.#look();
    return this.#view;
  }

  /** Something in the view has changed. */
  swap(): void {
    this.#view = undefined;
  }

  /** Judges the conditions again, too. */
  judge(): void {
    const { stages, leading, standingIn, failure } = this.#parts;
    const { spec, generation } = this.#parts.spec;
    const input = {
      spec,
      leading: leading(),
      standingIn: standingIn(),
      failure: failure(),
      now: performance.now(),
      full: this.#full,
      hot: this.#hot,
    };
    this.#status.judge(observe(stages, input), generation);
    this.swap();
  }

  #look(): ClusterView {
    const { loop, steps, rollout, link } = this.#parts.stages;
    const { spec, generation } = this.#parts.spec;
    const { ring, release, remaining } = rollout;
    const { membership, listing = [] } = loop;
    const { conditions, links } = this.#status;
    const { fleet } = link;
    const { convergence } = steps;
    return { spec, generation, ring, release, remaining, membership, listing, fleet, conditions, links, convergence };
  }
}
