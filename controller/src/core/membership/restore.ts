import { decodeRing, EMPTY_RING, type Ring, type RingMessage } from '@wscluster/ring';
import { steadyOf } from '@wscluster/service';
import { type Membership, NO_MEMBERSHIP } from './membership.ts';

/** Where a controller continues: the ring and the membership of the last published ring. */
export function restore(stored: RingMessage | undefined): { ring: Ring; membership: Membership } {
  if (stored === undefined) return { ring: EMPTY_RING, membership: NO_MEMBERSHIP };
  return {
    ring: decodeRing(stored),
    membership: {
      ...NO_MEMBERSHIP,
      members: stored.members,
      vacancies: stored.vacancies.map((vacancy) => ({ ...vacancy, since: steadyOf(vacancy.since) })),
    },
  };
}
