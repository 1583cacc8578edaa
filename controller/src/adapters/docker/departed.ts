import type { Logger } from '@wscluster/service';
import type { Workload } from '../../core/ports/workload-source.ts';
import { type ContainerRow, nameOf } from './engine.ts';
import type { ContainerFacts } from './facts.ts';
import { isManaged } from './labels.ts';

export interface DepartedOptions {
  readonly cluster: string;
  /** How long a node is listed as gone, and the container of a managed one is kept, ms. */
  readonly keepMs: number;
  readonly log: Logger;
}

export type EndedContainer = Pick<ContainerFacts, 'id' | 'name' | 'labels' | 'exitCode'>;

interface Departure {
  readonly managed: boolean;
  /** When its end was noticed, by performance.now(). */
  readonly at: number;
}

/**
 * Nodes that are known to have ended: containers that still exist, and containers that the engine has reported as
 * removed.
 */
export class Departed {
  readonly #options: DepartedOptions;
  readonly #ended = new Map<string, Departure>();
  readonly #removed = new Map<string, Departure>();
  /** False until the first listing: ends before that are not worth a log line. */
  #isNews = false;

  constructor(options: DepartedOptions) {
    this.#options = options;
  }

  /** True if the engine lists the container, and the container has ended. */
  hasEnded(id: string): boolean {
    return this.#ended.has(id);
  }

  /** True if the container was removed. Its id never comes back, even if a delayed answer still lists it. */
  isRemoved(id: string): boolean {
    return this.#removed.has(id);
  }

  /** Takes all ended containers of a listing. `asked` says which nodes were draining. */
  list(ended: readonly EndedContainer[], asked: (id: string) => boolean): void {
    const ids = new Set(ended.map(({ id }) => id));
    for (const id of this.#ended.keys()) if (!ids.has(id)) this.#ended.delete(id);
    for (const container of ended) {
      const { id, labels } = container;
      if (this.#ended.has(id)) continue;
      const managed = isManaged(labels, this.#options.cluster);
      this.#ended.set(id, { managed, at: performance.now() });
      if (this.#isNews) this.#tell(container, managed && !asked(id));
    }
    this.#isNews = true;
    for (const [id, departure] of this.#removed) if (this.#isOver(departure)) this.#removed.delete(id);
  }

  /** The engine reported that it removed the container. */
  remove(id: string, managed: boolean): void {
    // If it was removed after its end, it has been listed as gone since its end.
    this.#removed.set(id, this.#ended.get(id) ?? { managed, at: performance.now() });
  }

  /** Nodes that ended recently. */
  get workloads(): readonly Workload[] {
    const lately = [...this.#ended].filter(([, departure]) => !this.#isOver(departure));
    return [...new Map([...lately, ...this.#removed])].map(([id, { managed }]) => ({
      id,
      address: undefined,
      phase: 'gone',
      managed,
    }));
  }

  /** Managed containers that have been kept long enough for their logs and for the next controller. */
  get removable(): readonly string[] {
    return [...this.#ended].filter(([, departure]) => departure.managed && this.#isOver(departure)).map(([id]) => id);
  }

  #isOver({ at }: Departure): boolean {
    return performance.now() - at > this.#options.keepMs;
  }

  #tell({ id, name, exitCode }: EndedContainer, unasked: boolean): void {
    const { log, keepMs } = this.#options;
    const line = { event: 'node-exit', node: id, container: name, exitCode };
    const text = `node ${name} ended with exit code ${exitCode}`;
    if (unasked && exitCode !== 0)
      log.warn({ ...line, action: `see docker logs ${name} within ${keepMs / 1000} s; then it is removed` }, text);
    else log.info(line, text);
  }
}

/** An ended container from the engine's list, where its exit code is only part of the status text. */
export function endedRow(row: ContainerRow): EndedContainer {
  const exitCode = Number(/\((\d+)\)/.exec(row.Status)?.[1] ?? 0);
  return { id: row.Id, name: nameOf(row), labels: row.Labels, exitCode };
}
