import type { ContainerRow } from './engine.ts';
import type { ContainerFacts } from './facts.ts';

interface Entry {
  readonly row: string;
  readonly facts: ContainerFacts;
}

/**
 * Facts of containers, read anew only where an event or the engine's list says that something changed: a listing of a
 * hundred containers must not be a hundred inspections.
 */
export class FactsCache {
  readonly #inspect: (id: string) => Promise<ContainerFacts | undefined>;
  readonly #entries = new Map<string, Entry>();
  /** Rises with each event, so that what was read before it is not kept after it. */
  #events = 0;
  readonly #lastEvent = new Map<string, number>();
  #allAt = 0;

  constructor(inspect: (id: string) => Promise<ContainerFacts | undefined>) {
    this.#inspect = inspect;
  }

  /** The facts of a listed container; undefined when it is not there any more. */
  async read(row: ContainerRow): Promise<ContainerFacts | undefined> {
    const signature = signatureOf(row);
    const known = this.#entries.get(row.Id);
    if (known?.row === signature) return known.facts;
    const asked = ++this.#events;
    const facts = await this.#inspect(row.Id);
    const unchanged = this.#allAt < asked && (this.#lastEvent.get(row.Id) ?? 0) < asked;
    if (facts !== undefined && unchanged) this.#entries.set(row.Id, { row: signature, facts });
    else this.#entries.delete(row.Id);
    return facts;
  }

  /** Something happened to the container. */
  forget(id: string): void {
    this.#entries.delete(id);
    this.#lastEvent.set(id, ++this.#events);
  }

  /** Events were missed. */
  forgetAll(): void {
    this.#entries.clear();
    this.#allAt = ++this.#events;
  }

  /** Drops what is kept of all other containers. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#entries.keys()) if (!ids.has(id)) this.#entries.delete(id);
    for (const id of this.#lastEvent.keys()) if (!ids.has(id)) this.#lastEvent.delete(id);
  }
}

/** All of a row that tells of a change. Its `Status` holds the uptime too, so only what is in parentheses counts. */
function signatureOf({ State, Status, NetworkSettings, Ports }: ContainerRow): string {
  return JSON.stringify([State, /\(.*\)/.exec(Status)?.[0], NetworkSettings?.Networks, Ports]);
}
