import { compareRevisions, formatRevision, REVISION_ZERO } from '@wscluster/ring';
import type { History, RevisionSeen, Violation } from '../history.ts';

/**
 * No source names a lower revision than it did before. Revision zero names no ring: that of a new leader that finds the
 * store empty, until gateways have told it their ring.
 */
export function revisionsRise({ revisions }: Pick<History, 'revisions'>): Violation[] {
  const last = new Map<string, RevisionSeen>();
  return revisions.flatMap((seen) => {
    if (compareRevisions(seen.revision, REVISION_ZERO) === 0) return [];
    const before = last.get(seen.source);
    last.set(seen.source, seen);
    if (before === undefined || compareRevisions(before.revision, seen.revision) <= 0) return [];
    const [from, to] = [formatRevision(before.revision), formatRevision(seen.revision)];
    return [{ rule: 'revisions', at: seen.at, detail: `${seen.source} went back from ${from} to ${to}` }];
  });
}
