import { NO_OWNER, nextTable, type Ring, SLOTS } from '@wscluster/ring';
import type { Measured } from './measured.ts';
import type { Membership } from './membership.ts';

/** A place on the ring that slots belong to, and the member that serves them: an index into `membership.members`. */
export interface Seat {
  readonly ringId: number;
  readonly weight: number;
  /** Connections beyond which it takes no slots; undefined: no limit. */
  readonly maxConnections?: number | undefined;
  readonly member: number;
}

/** What a target depends on beside the seats. */
export interface Loads extends Measured {
  /** Ring ids of those that had slots before they were lost, see nextTable. */
  readonly former?: Readonly<Uint16Array>;
  /** See nextTable. */
  readonly extra?: number;
  /** Slots with connections stay where they are, unless their owner goes. */
  readonly onlyEmpty: boolean;
}

/**
 * The seats in ascending order of ring id. A draining node keeps its seat as long as that waits for a replacement; then
 * the replacement has it.
 */
export function seatsOf({ members, vacancies, limits }: Membership): readonly Seat[] {
  const seats = new Map<number, Seat>();
  const waiting = new Set(vacancies.map(({ ringId }) => ringId));
  for (const [member, { ringId, nodeId, weight, state }] of members.entries()) {
    const isKept = waiting.has(ringId) && !seats.has(ringId);
    if (state !== 'draining' || isKept)
      seats.set(ringId, { ringId, weight, maxConnections: limits.get(nodeId), member });
  }
  return [...seats.values()].sort((a, b) => a.ringId - b.ringId);
}

/**
 * The ring id that each slot belongs to in the end, computed from the seats that the slots of a ring belong to now. The
 * slots of a seat are the same whoever serves them, so a replacement takes exactly those of its predecessor.
 */
export function targetOf(seats: readonly Seat[], ring: Ring, loads: Loads): Uint16Array {
  return nextTable({ table: ringIdsOf(ring), members: seats, ...loads });
}

/** The ring id of each slot's owner. */
export function ringIdsOf({ table, members }: Ring): Uint16Array {
  const ringIds = members.map(({ ringId }) => ringId);
  const result = new Uint16Array(SLOTS);
  for (let slot = 0; slot < SLOTS; slot++) result[slot] = ringIds[table[slot] as number] ?? NO_OWNER;
  return result;
}

/** The same as indices into `membership.members`; without any seat, draining nodes keep what they have in `current`. */
export function desiredOwners(
  target: Readonly<Uint16Array>,
  seats: readonly Seat[],
  current: Readonly<Uint16Array>,
): Uint16Array {
  if (seats.length === 0) return current.slice();
  const memberOf = new Uint16Array(NO_OWNER + 1).fill(NO_OWNER);
  for (const { ringId, member } of seats) memberOf[ringId] = member;
  const desired = new Uint16Array(SLOTS);
  for (let slot = 0; slot < SLOTS; slot++) desired[slot] = memberOf[target[slot] ?? NO_OWNER] ?? NO_OWNER;
  return desired;
}
