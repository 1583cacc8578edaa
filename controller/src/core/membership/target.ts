import { NO_OWNER, SLOTS } from '@wscluster/ring';
import type { Membership } from './membership.ts';

/** Computes the ring id of each slot's owner from seats and a cap, like the ring package's assigner. */
export type Assign = (seats: readonly Seat[], cap: number) => Readonly<Uint16Array>;

export interface Seat {
  readonly ringId: number;
  readonly weight: number;
}

/**
 * The final owner of each slot: indices into `membership.members`, or NO_OWNER.
 *
 * The target is computed over all seats, including vacant ones, so that a lost node's slots wait for its replacement and
 * no other slot changes. A slot whose seat is vacant stays with its current owner while that still serves (drains);
 * otherwise it goes to the member that would own it if the vacant seats did not exist.
 */
export function desiredTable(
  membership: Membership,
  /** Owner of each slot now: index into `membership.members`, or NO_OWNER. */
  current: Readonly<Uint16Array>,
  cap: number,
  assign: Assign,
): Uint16Array {
  const { members, vacancies } = membership;
  const indexBySeat = new Uint16Array(NO_OWNER + 1).fill(NO_OWNER);
  members.forEach((member, index) => {
    if (member.state !== 'draining') indexBySeat[member.ringId] = index;
  });
  const seats = members.filter((member) => member.state !== 'draining');
  const desired = new Uint16Array(SLOTS);
  if (seats.length === 0) {
    // There is no other node: draining members keep their slots.
    desired.set(current);
    return desired;
  }
  const target = assign(
    [...seats, ...vacancies].sort((a, b) => a.ringId - b.ringId),
    cap,
  );
  const lent = vacancies.length === 0 ? target : assign(seats, cap);
  for (let slot = 0; slot < SLOTS; slot++) {
    const owner = indexBySeat[target[slot] ?? NO_OWNER] ?? NO_OWNER;
    if (owner !== NO_OWNER) {
      desired[slot] = owner;
      continue;
    }
    const now = current[slot] ?? NO_OWNER;
    const serving = members[now]?.state === 'draining' && members[now].ringId === target[slot];
    desired[slot] = serving ? now : (indexBySeat[lent[slot] ?? NO_OWNER] ?? NO_OWNER);
  }
  return desired;
}
