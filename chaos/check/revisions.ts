import { compareRevisions, formatRevision } from '@wscluster/ring';
import type { History, RevisionSeen, Violation } from '../history.ts';

/** No source names a lower revision than it did before. */
export function revisionsRise({ revisions }: Pick<History, 'revisions'>): Violation[] {
  const last = new Map<string, RevisionSeen>();
  return revisions.flatMap((seen) => {
    const before = last.get(seen.source);
    last.set(seen.source, seen);
    if (before === undefined || compareRevisions(before.revision, seen.revision) <= 0) return [];
    const [from, to] = [formatRevision(before.revision), formatRevision(seen.revision)];
    return [{ rule: 'revisions', at: seen.at, detail: `${seen.source} went back from ${from} to ${to}` }];
  });
}
