import type { ContainerRow } from './engine.ts';
import type { ContainerFacts } from './facts.ts';

interface Entry {
  readonly row: string;
  readonly facts: ContainerFacts;
}

/**
 * Facts of containers. Inspects a container again only if an event or the engine's list shows a change, so that listing
 * a hundred containers does not take a hundred inspections.
 */
export class FactsCache {
  readonly #inspect: (id: string) => Promise<ContainerFacts | undefined>;
  readonly #entries = new Map<string, Entry>();
  /** Increases with each event, so that what was read before an event is not kept after it. */
  #events = 0;
  readonly #lastEvent = new Map<string, number>();
  #allAt = 0;

  constructor(inspect: (id: string) => Promise<ContainerFacts | undefined>) {
    this.#inspect = inspect;
  }

  /** The facts of a listed container; undefined if it no longer exists. */
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

  /** Events may have been lost. */
  forgetAll(): void {
    this.#entries.clear();
    this.#allAt = ++this.#events;
  }

  /** Forgets all other containers. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#entries.keys()) if (!ids.has(id)) this.#entries.delete(id);
    for (const id of this.#lastEvent.keys()) if (!ids.has(id)) this.#lastEvent.delete(id);
  }
}

/** The parts of a row that show a change. `Status` contains the uptime, so only its part in parentheses counts. */
function signatureOf({ State, Status, NetworkSettings, Ports }: ContainerRow): string {
  return JSON.stringify([State, /\(.*\)/.exec(Status)?.[0], NetworkSettings?.Networks, Ports]);
}
