import { z } from 'zod';

/**
 * The order of all rings of a cluster: `epoch` increases with each leader, `version` with each publication of that
 * leader.
 */
export const revisionSchema = z.object({
  epoch: z.number().int().nonnegative(),
  version: z.number().int().nonnegative(),
});
export type Revision = Readonly<z.infer<typeof revisionSchema>>;

/** Lower than every published revision. */
export const REVISION_ZERO: Revision = { epoch: 0, version: 0 };

/** Negative when `a` is older than `b`, 0 when equal, positive when newer. */
export function compareRevisions(a: Revision, b: Revision): number {
  return a.epoch - b.epoch || a.version - b.version;
}

/** As shown to people and in headers: `epoch.version`. */
export function formatRevision(revision: Revision): string {
  return `${revision.epoch}.${revision.version}`;
}
