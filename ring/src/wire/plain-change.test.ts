import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RingChange, ringChangeSchema } from './messages.ts';
import { plainChange } from './plain-change.ts';

const CHANGE: RingChange = {
  wire: 1,
  type: 'change',
  cluster: 'chat',
  base: { revision: { epoch: 1, version: 2 }, digest: 'a'.repeat(32), settingsDigest: 'b'.repeat(32) },
  revision: { epoch: 1, version: 3 },
  release: { movableUpTo: { epoch: 1, version: 2 }, spreadMs: 1000, maxPerSecond: 0.5 },
  slots: 'BwABAA==',
  digest: 'c'.repeat(32),
  settingsDigest: 'b'.repeat(32),
  vacancies: [],
};
const PATHS = [
  ...['wire', 'type', 'cluster', 'base', 'base.revision', 'base.revision.epoch', 'base.digest', 'base.settingsDigest'],
  ...['revision', 'revision.version', 'release', 'release.movableUpTo', 'release.movableUpTo.epoch'],
  ...[
    'release.spreadMs',
    'release.maxPerSecond',
    'members',
    'memberChanges',
    'slots',
    'digest',
    'settings',
    'settingsDigest',
  ],
  ...['vacancies', 'unknown', 'base.unknown', 'release.unknown'],
];
const VALUES = [undefined, null, '', 'x', 0, -1, 1, 1.5, 2 ** 53, true, [], {}, 'd'.repeat(32), 'D'.repeat(32)];

/** The change, with the values at some paths replaced, as it comes out of JSON. */
function changeWith(replaced: readonly (readonly [string, unknown])[]): unknown {
  const copy = structuredClone(CHANGE) as unknown as Record<string, unknown>;
  for (const [path, value] of replaced) {
    const steps = path.split('.');
    const last = steps.pop() as string;
    const parent = steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | null)?.[step], copy);
    if (typeof parent === 'object' && parent !== null)
      (parent as Record<string, unknown>)[last] = structuredClone(value);
  }
  return JSON.parse(JSON.stringify(copy));
}

describe('the quick look at a change', () => {
  test('takes the usual one', () => {
    expect(plainChange(CHANGE)).toEqual(CHANGE);
  });

  test('takes nothing that the schema refuses, and makes the same of what it takes', () => {
    const some = fc.array(fc.tuple(fc.constantFrom(...PATHS), fc.constantFrom(...VALUES)), { maxLength: 3 });
    const look = (json: unknown) => {
      const quick = plainChange(json);
      if (quick !== undefined) expect(quick).toEqual(ringChangeSchema.parse(json));
    };
    for (const path of PATHS) for (const value of VALUES) look(changeWith([[path, value]]));
    fc.assert(
      fc.property(some, (replaced) => look(changeWith(replaced))),
      { numRuns: 2_000 },
    );
    for (const json of [undefined, null, 'change', 7, [], {}]) expect(plainChange(json)).toBeUndefined();
  });
});
