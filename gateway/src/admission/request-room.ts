import { counted } from '@wscluster/ring';
import { limitReached } from '../errors.ts';
import type { Limits } from '../limits.ts';

/** The place of one plain request in progress. */
export interface Seat {
  /** The request goes to this node, and no longer to another one. Throws LIMIT_REACHED if the node has no room. */
  visit(nodeId: string, limits: Limits): void;
  leave(): void;
}

/** Counts the plain requests in progress, in all and by node; each has its own connection to the node. */
export class RequestRoom {
  #size = 0;
  readonly #byNode = new Map<string, number>();

  get size(): number {
    return this.#size;
  }

  /** Plain requests in progress at a node. */
  at(nodeId: string): number {
    return this.#byNode.get(nodeId) ?? 0;
  }

  /** Throws LIMIT_REACHED if there are as many as allowed. */
  enter({ maxRequests }: Limits): Seat {
    if (maxRequests > 0 && this.#size >= maxRequests)
      throw limitReached(
        'maxRequests',
        `this gateway has reached its limit of ${counted(maxRequests, 'request')} in progress`,
      );
    this.#size++;
    let seated = true;
    let at: string | undefined;
    return {
      visit: (nodeId, { maxRequestsPerNode: most }) => {
        if (!seated) return;
        if (at !== undefined) this.#count(at, -1);
        at = undefined;
        if (most > 0 && (this.#byNode.get(nodeId) ?? 0) >= most)
          throw limitReached(
            'maxRequestsPerNode',
            `the node has reached its limit of ${counted(most, 'request')} in progress`,
          );
        at = nodeId;
        this.#count(nodeId, 1);
      },
      leave: () => {
        if (!seated) return;
        seated = false;
        this.#size--;
        if (at !== undefined) this.#count(at, -1);
      },
    };
  }

  #count(nodeId: string, by: number): void {
    const count = (this.#byNode.get(nodeId) ?? 0) + by;
    if (count === 0) this.#byNode.delete(nodeId);
    else this.#byNode.set(nodeId, count);
  }
}
