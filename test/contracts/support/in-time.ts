import { withDeadline } from '@wscluster/service';

/**
 * The result of the work, which must come within `ms`. This is a timer beside those of the work, so a machine that
 * stands still is not to blame: what is due before it comes before it.
 */
export function inTime<T>(ms: number, work: Promise<T>): Promise<T> {
  return withDeadline({ ms, late: () => new Error(`not within ${ms} ms`) }, () => work);
}
