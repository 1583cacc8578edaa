/** How far back it goes, seconds. */
export const KEPT_SECONDS = 900;
/** At rest, a new view comes this often, so that time goes on in the charts, seconds. */
const REST_SECONDS = 10;

/** A node as the charts name it. */
export interface HistoryNode {
  readonly id: string;
  readonly name: string;
  /** Null for a node that is not on the ring. */
  readonly ringId: number | null;
}

/** What is known at one moment. */
export interface Reading {
  readonly nodes: readonly (HistoryNode & { readonly connections: number })[];
  readonly movesPerSecond: number;
  /** Of those without their clients noticing. */
  readonly migrationsPerSecond: number;
}

/** One second; without figures while the controller could not be asked. */
export interface Sample {
  /** Seconds since 1970. */
  readonly at: number;
  /** By node id. The same object as in the sample before it if nothing has changed. */
  readonly connections: ReadonlyMap<string, number> | undefined;
  readonly movesPerSecond: number | undefined;
  readonly migrationsPerSecond: number | undefined;
}

/** The samples of the last 15 minutes, oldest first, and the nodes in them by ring id. */
export interface HistoryView {
  readonly samples: readonly Sample[];
  readonly nodes: readonly HistoryNode[];
}

/** Keeps the figures of the last 15 minutes, one sample a second. */
export class History {
  #samples: Sample[] = [];
  readonly #nodes = new Map<string, HistoryNode>();
  #view: HistoryView = { samples: [], nodes: [] };

  /** Stays the same object while nothing changes, for up to 10 s. */
  get view(): HistoryView {
    return this.#view;
  }

  /** Takes a sample; undefined: nothing is known. If the clock was set back, the history begins again. */
  take(at: number, reading: Reading | undefined): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && at <= last.at) this.#samples = [];
    const sample = {
      at,
      connections: this.#counted(reading, last),
      movesPerSecond: reading?.movesPerSecond,
      migrationsPerSecond: reading?.migrationsPerSecond,
    };
    this.#samples.push(sample);
    while ((this.#samples[0]?.at ?? at) < at - KEPT_SECONDS || this.#samples.length > KEPT_SECONDS + 1)
      this.#samples.shift();
    if (this.#isNews(sample, last)) this.#view = { samples: [...this.#samples], nodes: this.#present() };
  }

  #counted(reading: Reading | undefined, last: Sample | undefined): Sample['connections'] {
    if (reading === undefined) return undefined;
    const members = reading.nodes.filter(({ ringId, connections }) => ringId !== null || connections > 0);
    for (const { id, name, ringId } of members) {
      const known = this.#nodes.get(id);
      // A node that drains has left the ring; its line keeps its colour.
      this.#nodes.set(id, { id, name, ringId: ringId ?? known?.ringId ?? null });
    }
    const counts = new Map(members.map(({ id, connections }) => [id, connections]));
    return isSame(counts, last?.connections) ? last?.connections : counts;
  }

  #isNews(sample: Sample, last: Sample | undefined): boolean {
    const shown = this.#view.samples.at(-1)?.at ?? 0;
    return (
      sample.connections !== last?.connections ||
      sample.movesPerSecond !== last?.movesPerSecond ||
      sample.migrationsPerSecond !== last?.migrationsPerSecond ||
      sample.at < shown ||
      sample.at - shown >= REST_SECONDS
    );
  }

  /** Forgets the nodes that no sample has any more. */
  #present(): HistoryNode[] {
    const ids = new Set([...new Set(this.#samples.map(({ connections }) => connections))].flatMap(idsOf));
    for (const id of this.#nodes.keys()) if (!ids.has(id)) this.#nodes.delete(id);
    const rank = ({ ringId }: HistoryNode) => ringId ?? Number.POSITIVE_INFINITY;
    return [...this.#nodes.values()].sort((a, b) => rank(a) - rank(b) || a.id.localeCompare(b.id));
  }
}

function idsOf(connections: Sample['connections']): string[] {
  return [...(connections?.keys() ?? [])];
}

function isSame(counts: ReadonlyMap<string, number>, before: Sample['connections']): boolean {
  return counts.size === before?.size && [...counts].every(([id, count]) => before.get(id) === count);
}
