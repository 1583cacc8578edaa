import { WsClusterError } from '../errors.ts';
import { MAX_MEMBERS, weightSchema } from '../member.ts';
import { NO_OWNER, SLOTS } from '../ring.ts';
import { Candidates, type WeightedId } from './candidates.ts';
import { match } from './matching.ts';

/**
 * Smallest cap: how far above its fair share of the slots a member may be; see memberCaps. A cap nearer to 1 would push
 * slots around between full members.
 */
export const MIN_CAP = 1.005;
export const MAX_CAP = 2;
export const DEFAULT_CAP = 1.02;

/**
 * Computes target rings. The result depends only on the arguments. An instance caches costs between calls (up to 11
 * MB), so that adding or removing one member does not cost a computation from scratch, and the last result.
 */
export class Assigner {
  readonly #candidates = new Candidates();
  #last: { readonly ordered: readonly WeightedId[]; readonly cap: number; readonly table: Uint16Array } | undefined;

  /**
   * Returns the ring id that should own each slot: SLOTS entries, all NO_OWNER if there are no members. Each member
   * gets its share by weight, at most memberCaps. Adding or removing a member moves little more than its own share.
   * Throws CONFIG_INVALID naming the field; the cache then stays as it was.
   */
  assign(members: readonly WeightedId[], cap: number = DEFAULT_CAP): Uint16Array {
    validate(members, cap);
    if (members.length === 0) return new Uint16Array(SLOTS).fill(NO_OWNER);
    const ordered = members.map(({ ringId, weight }) => ({ ringId, weight })).sort((a, b) => a.ringId - b.ringId);
    const last = this.#last;
    if (last?.cap === cap && sameMembers(last.ordered, ordered)) return last.table.slice();
    const ringIds = Uint16Array.from(ordered, ({ ringId }) => ringId);
    this.#candidates.update(ordered);
    const table = match(this.#candidates, ringIds, memberCaps(ordered, cap));
    this.#last = { ordered, cap, table };
    return table.slice();
  }
}

function sameMembers(some: readonly WeightedId[], others: readonly WeightedId[]): boolean {
  return (
    some.length === others.length &&
    some.every(({ ringId, weight }, i) => ringId === others[i]?.ringId && weight === others[i].weight)
  );
}

/**
 * The most slots that each member may own: `cap` times its share by weight, rounded up. Members must be in ascending
 * order of ring id, since the last bits of a floating-point sum depend on its order.
 */
export function memberCaps(ordered: readonly WeightedId[], cap: number): Uint32Array {
  const total = ordered.reduce((sum, { weight }) => sum + weight, 0);
  return Uint32Array.from(ordered, ({ weight }) => Math.min(SLOTS, Math.ceil((cap * SLOTS * weight) / total)));
}

function validate(members: readonly WeightedId[], cap: number): void {
  if (!(cap >= MIN_CAP && cap <= MAX_CAP)) throw invalid('cap', `must be from ${MIN_CAP} to ${MAX_CAP}, not ${cap}`);
  if (members.length > MAX_MEMBERS) throw invalid('members', `must be at most ${MAX_MEMBERS}, not ${members.length}`);
  const seen = new Set<number>();
  for (const [index, { ringId, weight }] of members.entries()) {
    if (!Number.isInteger(ringId) || ringId < 0 || ringId >= NO_OWNER)
      throw invalid(`members.${index}.ringId`, `must be an integer from 0 to ${NO_OWNER - 1}, not ${ringId}`);
    if (seen.has(ringId)) throw invalid(`members.${index}.ringId`, `is ${ringId}, which another member already has`);
    if (!weightSchema.safeParse(weight).success)
      throw invalid(
        `members.${index}.weight`,
        `must be from ${weightSchema.minValue} to ${weightSchema.maxValue}, not ${weight}`,
      );
    seen.add(ringId);
  }
}

function invalid(field: string, what: string): WsClusterError {
  return new WsClusterError('CONFIG_INVALID', `${field}: ${what}`, { field });
}
