import type { Revision } from '@wscluster/ring';

/** The epoch of a new leader: above every epoch that was seen anywhere. */
export function nextEpoch(...seen: readonly (Revision | undefined)[]): number {
  return 1 + Math.max(0, ...seen.map((revision) => revision?.epoch ?? 0));
}
