import type { Revision } from '@wscluster/ring';

/** The epoch of a new leader: above all that was ever seen, wherever it was seen. */
export function nextEpoch(...seen: readonly (Revision | undefined)[]): number {
  return 1 + Math.max(0, ...seen.map((revision) => revision?.epoch ?? 0));
}
