import type { OwnersSeen } from '../history.ts';

/** A ring is seen this long after gateways route by it. */
const SEEN_LATE_MS = 3_000;
/** Rings are looked at several times a second. After a longer silence, some were missed. */
const SILENCE_MS = 1_500;

/** The owners of a key by the rings that were in force in a time, as late as they may be seen. */
export function ownersOf(seen: readonly OwnersSeen[], key: string, from: number, until: number): Set<string> {
  const owners = new Set<string>();
  for (const [index, ring] of seen.entries()) {
    const end = seen[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    const owner = ring.owners.get(key);
    if (owner !== undefined && end >= from && ring.at <= until + SEEN_LATE_MS) owners.add(owner);
  }
  return owners;
}

/** Whether no ring could be seen for a while, about when something happened; it can't have happened before `from`. */
export function wasSilent(seen: readonly OwnersSeen[], from: number, at: number): boolean {
  const start = Math.max(from, at - SEEN_LATE_MS);
  const times = seen.map((ring) => ring.at).filter((time) => time > start && time < at + SEEN_LATE_MS);
  return [...times, at + SEEN_LATE_MS].some((time, index) => time - (times[index - 1] ?? start) > SILENCE_MS);
}
