import { WsClusterError } from '../errors.ts';
import { MAX_MEMBERS, weightSchema } from '../member.ts';
import { NO_OWNER } from '../ring.ts';
import type { WeightedId } from './candidates.ts';

/** Throws CONFIG_INVALID naming the field, unless the members have ring ids of their own and sound weights. */
export function checkMembers(members: readonly WeightedId[]): void {
  if (members.length > MAX_MEMBERS) throw invalid('members', `must be at most ${MAX_MEMBERS}, not ${members.length}`);
  const seen = new Set<number>();
  for (const [index, { ringId, weight, maxConnections = 1 }] of members.entries()) {
    if (!Number.isInteger(ringId) || ringId < 0 || ringId >= NO_OWNER)
      throw invalid(`members.${index}.ringId`, `must be an integer from 0 to ${NO_OWNER - 1}, not ${ringId}`);
    if (seen.has(ringId)) throw invalid(`members.${index}.ringId`, `is ${ringId}, which another member already has`);
    if (!weightSchema.safeParse(weight).success)
      throw invalid(
        `members.${index}.weight`,
        `must be from ${weightSchema.minValue} to ${weightSchema.maxValue}, not ${weight}`,
      );
    if (!(maxConnections >= 1))
      throw invalid(`members.${index}.maxConnections`, `must be at least 1, not ${maxConnections}`);
    seen.add(ringId);
  }
}

export function invalid(field: string, what: string): WsClusterError {
  return new WsClusterError('CONFIG_INVALID', `${field}: ${what}`, { field });
}
