import type { ContainerRow } from './engine.ts';
import { isSelected, LABELS, type Labels } from './labels.ts';

/** A list is read again after this long, whatever events say, ms. */
const KEPT_MS = 5_000;

/**
 * The rows of a cluster's containers, read again only if something may have come, gone or ended. A list takes the
 * engine longer than anything else on the way from a health check to clients.
 */
export class ContainerRows {
  readonly #list: (labels: Labels) => Promise<readonly ContainerRow[]>;
  readonly #cluster: string;
  readonly #now: () => number;
  #kept: { readonly rows: readonly ContainerRow[]; readonly selector: string; readonly until: number } | undefined;
  /** Increases with each change, so that a list that was read before one is not kept after it. */
  #changes = 0;

  /** `now`: monotonic ms. */
  constructor(
    cluster: string,
    list: (labels: Labels) => Promise<readonly ContainerRow[]>,
    now: () => number = () => performance.now(),
  ) {
    this.#cluster = cluster;
    this.#list = list;
    this.#now = now;
  }

  /** Labels of the containers that the controller has created. */
  get managedLabels(): Labels {
    return { [LABELS.cluster]: this.#cluster, [LABELS.managed]: 'true' };
  }

  /** A container may have come, gone or ended. */
  forget(): void {
    this.#kept = undefined;
    this.#changes++;
  }

  /**
   * Containers that the selector matches, and managed ones from an earlier selector, which nothing else would ever end.
   */
  async read(selector: Labels): Promise<readonly ContainerRow[]> {
    const text = JSON.stringify(selector);
    const kept = this.#kept;
    if (kept !== undefined && kept.selector === text && this.#now() < kept.until) return kept.rows;
    const changes = this.#changes;
    const until = this.#now() + KEPT_MS;
    const rows = await this.#readNow(selector);
    if (changes === this.#changes) this.#kept = { rows, selector: text, until };
    return rows;
  }

  async #readNow(selector: Labels): Promise<readonly ContainerRow[]> {
    const managed = this.managedLabels;
    const hasManaged = Object.entries(selector).every(([name, value]) => managed[name] === value);
    const lists = await Promise.all([this.#list(selector), ...(hasManaged ? [] : [this.#list(managed)])]);
    const rows = new Map(lists.flat().map((row) => [row.Id, row]));
    return [...rows.values()].filter(({ Labels: labels }) => isSelected(labels, selector, this.#cluster));
  }
}

/** Events of a container after which its row still says all that its facts do not. */
const FACTS_ONLY: ReadonlySet<string> = new Set(['health_status', 'pause', 'unpause']);

/** Whether rows that were read before the event of a container still serve. */
export function leavesRows(action: string): boolean {
  return FACTS_ONLY.has(action);
}
