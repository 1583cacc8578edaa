import type { Case } from './case.ts';

/**
 * The cases that most likely caused a fault, at most so many: first those of the kinds that failed themselves, then one
 * of each other kind, and of these the last ones first. `suspects`: in the order in which they began.
 */
export function mostLikely(suspects: readonly Case[], failedKinds: ReadonlySet<string>, most: number): Case[] {
  const lastFirst = suspects.toReversed();
  const seen = new Set<string>();
  const rank = ({ kind }: Case) => {
    if (failedKinds.has(kind)) return 0;
    if (seen.has(kind)) return 2;
    seen.add(kind);
    return 1;
  };
  const ranked = lastFirst.map((suspect) => ({ suspect, at: rank(suspect) }));
  return ranked
    .sort((a, b) => a.at - b.at)
    .slice(0, most)
    .map(({ suspect }) => suspect);
}
