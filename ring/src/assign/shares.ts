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
  /** ... and the most that are within the tolerance. */
  readonly high: Float64Array;
}

/**
 * The share of each member by its weight. No member gets more than one slot beyond its exact share or less than one
 * below it. Who has the last slots, where shares are no whole numbers: members that hold them already, of these and
 * of the others the ones with the fewest connections for their weight, and then those with the largest remainder.
 */
export function sharesOf(draft: Draft, weights: readonly number[], tolerance: number): Shares {
  const units = weights.map((weight) => Math.round(weight * WEIGHT_UNIT));
  const total = units.reduce((sum, unit) => sum + unit, 0);
  const all = draft.owner.length;
  const remainders = units.map((unit) => (all * unit) % total);
  const slots = Uint32Array.from(units, (unit, member) => (all * unit - (remainders[member] as number)) / total);
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

  const connections = draft.load.reduce((sum, load) => sum + load, draft.unowned);
  if (tolerance === Number.POSITIVE_INFINITY)
    return { slots, low: new Float64Array(units.length), high: new Float64Array(units.length).fill(connections) };
  const parts = Math.round(tolerance * TOLERANCE_UNIT);
  const exact = Float64Array.from(units, (unit) => (connections * unit) / total);
  const within = (share: number, part: number) => (share * (TOLERANCE_UNIT + part)) / TOLERANCE_UNIT;
  /** A member that takes some slots more is due as many connections more; one that comes back, its own. */
  const due = (member: number, share: number) => {
    const [own, held] = [slots[member] as number, draft.held[member] as number];
    if (own <= held) return Number.POSITIVE_INFINITY;
    const former = draft.formerLoads.get(member);
    if (former !== undefined) return (draft.load[member] as number) + former;
    return (draft.load[member] as number) + Math.floor((share * (own - held)) / own);
  };
  return {
    slots,
    // Connections are whole: a share of 0.3 is met with none and with one.
    low: exact.map((share, member) =>
      Math.min(due(member, share), Math.floor(share), Math.ceil(within(share, -parts))),
    ),
    high: exact.map((share) => Math.max(Math.ceil(share), Math.floor(within(share, parts)))),
  };
}
