import { randomBytes } from 'node:crypto';
import { Listeners } from '@wscluster/service';

export const EVENT_TYPES = ['node', 'ring', 'release', 'moves', 'converged', 'gateway', 'condition', 'spec'] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** Something that happened to a cluster, for people and programs that watch it. */
export interface ClusterEvent {
  /** Increases within one run of the controller: `<run>.<number>`. */
  readonly id: string;
  readonly type: EventType;
  /** ISO 8601. */
  readonly at: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** How many of the last events are kept for later readers. */
const KEPT_EVENTS = 1000;

/** The last events of one cluster, and the listeners for new ones. */
export class EventLog {
  readonly #run = randomBytes(4).toString('hex');
  readonly #events: ClusterEvent[] = [];
  readonly #listeners = new Listeners<[event: ClusterEvent]>();
  #count = 0;

  add(type: EventType, message: string, details: Readonly<Record<string, unknown>> = {}): void {
    const event = { id: `${this.#run}.${++this.#count}`, type, at: new Date().toISOString(), message, details };
    this.#events.push(event);
    if (this.#events.length > KEPT_EVENTS) this.#events.shift();
    this.#listeners.call(event);
  }

  /** The events after the one with this id; all kept events if the id is unknown, too old or not given. */
  since(id: string | undefined): readonly ClusterEvent[] {
    const at = this.#events.findIndex((event) => event.id === id);
    return this.#events.slice(at + 1);
  }

  /** Calls back for each new event; returns a function that ends this. */
  listen(listener: (event: ClusterEvent) => void): () => void {
    return this.#listeners.add(listener);
  }
}
