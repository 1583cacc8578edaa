import { counted } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import type { Membership } from '../membership/membership.ts';
import type { Workload } from '../ports/workload-source.ts';

/**
 * A controller that has just started may not see all nodes yet, and must not move any client because of that. It is
 * cold until every member of the last ring was listed, or time is up. Times are monotonic ms.
 */
export class WarmUp {
  readonly #warmUpMs: number;
  readonly #until: number;
  readonly #log: Logger;
  #awaited: ReadonlySet<string>;

  /** A draining node is not waited for. `warmUpMs`: how long it waits for the others. */
  constructor({ members }: Membership, now: number, warmUpMs: number, log: Logger) {
    this.#awaited = new Set(members.filter(({ state }) => state !== 'draining').map(({ nodeId }) => nodeId));
    this.#warmUpMs = warmUpMs;
    this.#until = now + warmUpMs;
    this.#log = log;
  }

  /** True while it waits for a node. */
  get cold(): boolean {
    return this.#awaited.size > 0;
  }

  /** Takes a listing. Returns how long to wait for the next one, ms; undefined once it is warm. */
  look(listing: readonly Workload[], now: number): number | undefined {
    const seen = new Set(listing.map(({ id }) => id));
    const missing = [...this.#awaited].filter((id) => !seen.has(id));
    if (missing.length > 0 && now < this.#until) return this.#until - now;
    this.#awaited = new Set();
    if (missing.length > 0)
      this.#log.warn(
        { event: 'members-missing', nodes: missing, action: 'check these nodes; they now count as lost' },
        `${counted(missing.length, 'member of the last ring has', 'members of the last ring have')} not been seen for ${this.#warmUpMs / 1000} s`,
      );
    return undefined;
  }
}
