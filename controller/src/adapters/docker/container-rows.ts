import type { ContainerRow } from './engine.ts';
import { hasEndedIn } from './facts.ts';
import { isSelected, type Labels, managedLabels } from './labels.ts';

/** Rows are not used again after this long, ms. */
const KEPT_MS = 5_000;

/**
 * The engine's rows of a cluster's containers. After an event that changes none of them, such as that of a health
 * check, the last ones are used again: clients wait for the node, and a list takes longer than looking at it alone.
 */
export class ContainerRows {
  readonly #list: (labels: Labels) => Promise<readonly ContainerRow[]>;
  readonly #cluster: string;
  readonly #now: () => number;
  #kept: { readonly rows: readonly ContainerRow[]; readonly selector: string; readonly until: number } | undefined;
  #again = false;
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

  /** A container may have come, gone or ended. */
  forget(): void {
    this.#kept = undefined;
    this.#changes++;
  }

  /** The last rows serve once more, if they have this container, and as a live one. */
  useAgain(container: string): void {
    const row = this.#kept?.rows.find(({ Id }) => Id === container);
    if (row === undefined || hasEndedIn(row.State)) this.forget();
    else this.#again = true;
  }

  /**
   * Containers that the selector matches, and managed ones from an earlier selector, which nothing else would ever end.
   */
  async read(selector: Labels): Promise<readonly ContainerRow[]> {
    const text = JSON.stringify(selector);
    const kept = this.#again ? this.#kept : undefined;
    this.#again = false;
    if (kept?.selector === text && this.#now() < kept.until) return kept.rows;
    const changes = this.#changes;
    const until = this.#now() + KEPT_MS;
    const rows = await this.#readNow(selector);
    if (changes === this.#changes) this.#kept = { rows, selector: text, until };
    return rows;
  }

  async #readNow(selector: Labels): Promise<readonly ContainerRow[]> {
    const managed = managedLabels(this.#cluster);
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
