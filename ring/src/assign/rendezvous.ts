import { NO_OWNER, SLOTS } from '../ring.ts';
import { Candidates, type WeightedId } from './candidates.ts';
import { match } from './matching.ts';

/** How far above its share of the slots a member may be; nearer to 1, slots are pushed around between full members. */
export const CAP = 1.02;

/**
 * The ring id that should own each slot when nothing is known of who owned it: SLOTS entries, all NO_OWNER without
 * members. Each slot goes to the member where its weighted rendezvous score is best, as far as nobody gets more than
 * memberCaps. Depends on the members only, not on their order.
 */
export function rendezvousTable(members: readonly WeightedId[], cap: number = CAP): Uint16Array {
  if (members.length === 0) return new Uint16Array(SLOTS).fill(NO_OWNER);
  const ordered = [...members].sort((a, b) => a.ringId - b.ringId);
  const ringIds = Uint16Array.from(ordered, ({ ringId }) => ringId);
  return match(new Candidates(ordered), ringIds, memberCaps(ordered, cap));
}

/**
 * The most slots that each member may own: `cap` times its share by weight, rounded up. Members must be in ascending
 * order of ring id, since the last bits of a floating-point sum depend on its order.
 */
export function memberCaps(ordered: readonly WeightedId[], cap: number): Uint32Array {
  const total = ordered.reduce((sum, { weight }) => sum + weight, 0);
  return Uint32Array.from(ordered, ({ weight }) => Math.min(SLOTS, Math.ceil((cap * SLOTS * weight) / total)));
}
