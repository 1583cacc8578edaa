import type { WeightedId } from './candidates.ts';
import { divide } from './divide.ts';
import type { Draft } from './draft.ts';

/** How far a member's connections may be from its share by default, as a part of the share. */
export const DEFAULT_TOLERANCE = 0.05;

/** Weights count in ten-thousandths, so that sums of them are exact. */
const WEIGHT_UNIT = 10_000;
const TOLERANCE_UNIT = 1000;

/** What each member is to have. */
export interface Shares {
  /** Slots; they add up to the length of the table. */
  readonly slots: Uint32Array;
  /** The fewest connections that are within the tolerance, or as many as a member is due that takes slots; ... */
  readonly low: Float64Array;
  /** ... and the most that are within the tolerance and the member's limit. */
  readonly high: Float64Array;
  /** The most connections that slots may bring a member to; Infinity without a limit. */
  readonly limits: readonly number[];
}

/**
 * The share of each member by its weight, as far as its limit allows. A member that has as many connections as it may
 * takes no slots; one with room for fewer than its share of them takes as many slots fewer, and others get these. A
 * limit takes no slots from a member, and none counts if the limits of all are too low together.
 *
 * No member gets more than one slot beyond its exact share or less than one below it. Who has the last slots, where
 * shares are no whole numbers: members that hold them already, of these and of the others the ones with the least load
 * for their weight, and then those with the largest remainder.
 */
export function sharesOf(draft: Draft, members: readonly WeightedId[], tolerance: number): Shares {
  const units = members.map(({ weight }) => Math.round(weight * WEIGHT_UNIT));
  const all = draft.owner.length;
  const connections = draft.connections.reduce((sum, count) => sum + count, 0);
  const limits = members.map(({ maxConnections = Number.POSITIVE_INFINITY }) => maxConnections);
  const most = mostSlots(draft, limits, connections);
  const { capped, amount, total } = divide(all, units, most);
  const remainders = units.map((unit, member) => (capped.has(member) ? 0 : (amount * unit) % total));
  const slots = Uint32Array.from(units, (unit, member) =>
    capped.has(member) ? (most[member] as number) : (amount * unit - (remainders[member] as number)) / total,
  );
  const holdsMore = (member: number) => Number((draft.held[member] as number) > (slots[member] as number));
  const load = (member: number, other: number) => (draft.load[member] as number) * (units[other] as number);
  const extra = all - slots.reduce((sum, count) => sum + count, 0);
  const candidates = units.map((_, member) => member).filter((member) => (remainders[member] as number) > 0);
  candidates.sort(
    (a, b) =>
      holdsMore(b) - holdsMore(a) ||
      load(a, b) - load(b, a) ||
      (remainders[b] as number) - (remainders[a] as number) ||
      a - b,
  );
  for (const member of candidates.slice(0, extra)) slots[member] = (slots[member] as number) + 1;

  const whole = draft.load.reduce((sum, size) => sum + size, draft.unowned);
  // Limits are of connections, and say nothing of another load.
  const bounds = draft.size === draft.connections ? limits : limits.map(() => Number.POSITIVE_INFINITY);
  if (tolerance === Number.POSITIVE_INFINITY)
    return {
      ...{ slots, limits, low: new Float64Array(units.length) },
      high: Float64Array.from(bounds, (bound) => Math.min(bound, whole)),
    };
  const parts = Math.round(tolerance * TOLERANCE_UNIT);
  const theirs = divide(whole, units, bounds);
  const exact = Float64Array.from(units, (unit, member) =>
    theirs.capped.has(member) ? (bounds[member] as number) : (theirs.amount * unit) / theirs.total,
  );
  const within = (share: number, part: number) => (share * (TOLERANCE_UNIT + part)) / TOLERANCE_UNIT;
  /** A member that takes some slots more is due as many connections more; one that comes back, its own. */
  const due = (member: number, share: number) => {
    const [own, held] = [slots[member] as number, draft.held[member] as number];
    if (own <= held) return Number.POSITIVE_INFINITY;
    const former = draft.formerLoads.get(member);
    if (former !== undefined) return (draft.load[member] as number) + former;
    return (draft.load[member] as number) + Math.floor((share * (own - held)) / own);
  };
  const limited = (member: number, count: number) => Math.min(bounds[member] as number, count);
  return {
    slots,
    // Connections are whole: a share of 0.3 is met with none and with one.
    low: exact.map((share, member) =>
      limited(member, Math.min(due(member, share), Math.floor(share), Math.ceil(within(share, -parts)))),
    ),
    high: exact.map((share, member) => limited(member, Math.max(Math.ceil(share), Math.floor(within(share, parts))))),
    limits,
  };
}

/** The most slots that each member may have, so that its connections stay within its limit. */
function mostSlots({ owner, held, clients }: Draft, limits: readonly number[], connections: number): number[] {
  return limits.map((limit, member) => {
    if (connections <= limit) return owner.length;
    const own = held[member] as number;
    return (clients[member] as number) >= limit ? own : Math.max(own, Math.floor((owner.length * limit) / connections));
  });
}
