import { type Member, type Ring, SLOTS } from '@wscluster/ring';
import type { Fleet } from '../../fleet/fleet.ts';
import { isSignificant } from '../../membership/balance.ts';
import type { Measured } from '../../membership/measured.ts';
import type { Membership } from '../../membership/membership.ts';
import { nodeShares } from '../../membership/node-shares.ts';
import { ringIdsOf, type Seat, seatsOf } from '../../membership/target.ts';

/** A slot that alone is more than its node's share. */
export interface HotSlot {
  readonly slot: number;
  /** Of the node that owns it. */
  readonly node: string;
  /** Its load relative to the node's share. */
  readonly times: number;
  /** Its hottest keys, as far as gateways tell them. */
  readonly keys: readonly string[];
}

/** A slot is hot once it has been so for this long, by when gateways have told its keys, ms. */
const LASTS_MS = 6_000;
/** A hot slot is none any more below this part of the share, so that one message more or less does not change it. */
const AGAIN = 0.95;

/** Which slots are hot. */
export class HotSlots {
  /** Since when each slot has been too much for its node, monotonic ms. */
  #since: ReadonlyMap<number, number> = new Map();
  #hot: ReadonlySet<number> = new Set();
  /** What was looked at last, if no slot of it could be too large. */
  #harmless: readonly [Ring, Membership, Measured['load']] | undefined;

  /** `measured` undefined: it is not known what counts. */
  look(ring: Ring, membership: Membership, measured: Measured | undefined, fleet: Fleet, now: number): HotSlot[] {
    const found = measured === undefined ? [] : this.#tooLarge(ring, membership, measured);
    this.#since = new Map(found.map(({ slot }) => [slot, this.#since.get(slot) ?? now]));
    const hot = found.filter(({ slot }) => now - (this.#since.get(slot) ?? now) >= LASTS_MS);
    this.#hot = new Set(hot.map(({ slot }) => slot));
    return hot.map((found) => ({ ...found, keys: fleet.keysOf(found.slot) }));
  }

  #tooLarge(ring: Ring, membership: Membership, measured: Measured): Omit<HotSlot, 'keys'>[] {
    const { load } = measured;
    const asked = [ring, membership, load] as const;
    if (this.#harmless?.every((part, index) => part === asked[index]) === true) return [];
    const seats = seatsOf(membership);
    this.#harmless = mayBeTooLarge(ring, seats, measured) ? undefined : asked;
    if (this.#harmless !== undefined) return [];
    const shares = nodeShares(seats, ringIdsOf(ring), measured);
    const shareOf = new Map(shares.map(({ ringId, share }) => [ringId, share]));
    const ofMember = ring.members.map(({ ringId }) => shareOf.get(ringId) ?? 0);
    const found: Omit<HotSlot, 'keys'>[] = [];
    for (let slot = 0; slot < SLOTS; slot++) {
      const owner = ring.table[slot] as number;
      const has = load[slot] as number;
      const share = ofMember[owner] ?? 0;
      if (has <= AGAIN * share || share === 0) continue;
      if (this.#hot.has(slot) || isSignificant(has - share, share, measured))
        found.push({ slot, node: (ring.members[owner] as Member).nodeId, times: has / share });
    }
    return found.sort((a, b) => b.times - a.times || a.slot - b.slot);
  }
}

/**
 * Whether some slot comes near to the smallest share that a node may have. Nearly always none does; this says so
 * without tables of its own, since it is asked every second.
 */
function mayBeTooLarge(ring: Ring, seats: readonly Seat[], { load, connections }: Measured): boolean {
  const ringIds = new Set(seats.map(({ ringId }) => ringId));
  const isSeat = ring.members.map(({ ringId }) => ringIds.has(ringId));
  let largest = 0;
  let all = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    if (isSeat[ring.table[slot] as number] !== true) continue;
    const has = load[slot] as number;
    all += has;
    if (has > largest) largest = has;
  }
  const weights = seats.reduce((sum, { weight }) => sum + weight, 0);
  const shares = seats.map(({ weight, maxConnections = all }) =>
    Math.min((all * weight) / weights, load === connections ? maxConnections : all),
  );
  return largest > AGAIN * Math.min(...shares);
}
