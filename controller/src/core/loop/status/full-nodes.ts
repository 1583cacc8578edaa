import type { Membership } from '../../membership/membership.ts';
import type { Room } from './conditions.ts';

/** A full node has room again below this part of its limit, so that one client more or less does not change it. */
const ROOM_AGAIN = 0.95;

/** Which nodes have as many connections as they may. */
export class FullNodes {
  #full: ReadonlySet<string> = new Set();

  /** `connections`: by node id. */
  look({ members, limits }: Pick<Membership, 'members' | 'limits'>, connections: ReadonlyMap<string, number>): Room {
    const isFull = (nodeId: string, limit: number) =>
      (connections.get(nodeId) ?? 0) >= (this.#full.has(nodeId) ? limit * ROOM_AGAIN : limit);
    const full = members.filter(({ nodeId, state }) => {
      const limit = limits.get(nodeId);
      return state !== 'draining' && limit !== undefined && isFull(nodeId, limit);
    });
    this.#full = new Set(full.map(({ nodeId }) => nodeId));
    return { limited: limits.size, full: full.map(({ nodeId, name = nodeId }) => name) };
  }
}
