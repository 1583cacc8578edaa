import { compareRevisions, formatRevision, REVISION_ZERO, type Revision } from '@wscluster/ring';
import type { History, Violation } from '../history.ts';

/**
 * No source names a lower revision than it did before; and once nothing is broken, nobody names a lower one than
 * anybody did before.
 */
export function revisionsRise({ revisions }: Pick<History, 'revisions'>): Violation[] {
  const last = new Map<string, Revision>();
  let highest = REVISION_ZERO;
  return revisions.flatMap(({ at, source, revision, settled }) => {
    const before = settled ? highest : (last.get(source) ?? REVISION_ZERO);
    last.set(source, revision);
    if (compareRevisions(revision, highest) > 0) highest = revision;
    if (compareRevisions(revision, before) >= 0) return [];
    const [from, to] = [formatRevision(before), formatRevision(revision)];
    return [{ rule: 'revisions', at, detail: `${source} went back from ${from} to ${to}` }];
  });
}
