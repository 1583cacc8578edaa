import { expect, test } from 'vitest';
import { compareRevisions, formatRevision, REVISION_ZERO } from './revision.ts';

test('revisions go by epoch first, then by version', () => {
  const ascending = [REVISION_ZERO, { epoch: 0, version: 9 }, { epoch: 1, version: 0 }, { epoch: 1, version: 10 }];
  for (const [i, a] of ascending.entries())
    for (const [j, b] of ascending.entries()) expect(Math.sign(compareRevisions(a, b))).toBe(Math.sign(i - j));
});

test('a revision reads epoch.version', () => {
  expect(formatRevision({ epoch: 3, version: 17 })).toBe('3.17');
});
