import type { Draft } from './draft.ts';
import type { Shares } from './shares.ts';

/** What a member that gives slots gives up with them. */
export interface Shed {
  readonly giver: number;
  /** Connections above the most that it may have, or that it gives up whichever slots it gives. */
  readonly least: number;
  /** Connections that it gives up, as far as its slots can be chosen so. */
  readonly planned: number;
}

/** Levels that the connections of givers are cut to, in parts of the share. */
const LEVELS = 0x1_0000;

export interface ShedInput {
  readonly draft: Draft;
  readonly shares: Shares;
  readonly givers: readonly number[];
  readonly takers: readonly number[];
  /** Of slots with connections only those are given that takers had before. */
  readonly onlyBack: boolean;
  /** The fewest connections that a giver can give up with as many slots as it has too many. */
  fewest(giver: number): number;
}

/**
 * How many connections each giver gives up: what it has above the most that it may have, what its slots have at
 * least, and as much more as takers need to have the fewest that they may have. First of slots that takers had before
 * they were lost, then of any. For that, all are cut down to one level, none below the fewest that it may have itself.
 * Those with the most to give come first.
 */
export function shedLoads({ draft, shares, givers, takers, onlyBack, fewest }: ShedInput): readonly Shed[] {
  const { low, high } = shares;
  const load = (member: number) => draft.load[member] as number;
  const least = (member: number) => (onlyBack ? 0 : Math.max(0, load(member) - (high[member] as number)));
  const lacking = takers.reduce((sum, taker) => sum + Math.max(0, (low[taker] as number) - load(taker)), 0);
  // What members that give no slots have to shed is swapped later, and goes to takers too.
  const giving = new Set(givers);
  let elsewhere = draft.unowned;
  for (let member = 0; member < draft.members; member++) if (!giving.has(member)) elsewhere += least(member);
  const needed = lacking - elsewhere;

  const theirs = loadsOfTakers(draft, takers);
  const all = givers.map((giver) => {
    const anyway = onlyBack ? 0 : Math.max(least(giver), fewest(giver));
    const most = Math.max(anyway, load(giver) - (low[giver] as number));
    const back = Math.max(anyway, Math.min(most, theirs[giver] as number));
    return { giver, load: load(giver), high: high[giver] as number, least: anyway, back, most };
  });
  const backs = cutDown(
    all.map((giver) => ({ ...giver, most: giver.back })),
    needed,
  );
  const isEnough = onlyBack || backs.reduce((sum, cut) => sum + cut, 0) >= needed;
  const cuts = isEnough
    ? backs
    : cutDown(
        all.map((giver) => ({ ...giver, least: giver.back })),
        needed,
      );
  return all
    .map(({ giver, least }, index) => ({ giver, least, planned: cuts[index] as number }))
    .sort((a, b) => b.planned - a.planned || a.giver - b.giver);
}

/** Connections that each member has on slots which takers had before they were lost. */
function loadsOfTakers({ owner, former, size, members }: Draft, takers: readonly number[]): Float64Array {
  const loads = new Float64Array(members);
  const isTaker = new Set(takers);
  for (let slot = 0; slot < owner.length; slot++) {
    const had = former[slot] as number;
    const member = owner[slot] as number;
    if (had < members && member < members && isTaker.has(had))
      loads[member] = (loads[member] as number) + (size[slot] as number);
  }
  return loads;
}

interface Giver {
  readonly load: number;
  readonly high: number;
  readonly least: number;
  readonly most: number;
}

/** What each giver gives up so that together they give up `needed`, or as much as they can. */
function cutDown(givers: readonly Giver[], needed: number): number[] {
  const cutsAt = (level: number) =>
    givers.map(({ load, high, least, most }) =>
      Math.min(most, Math.max(least, load - Math.floor((high * level) / LEVELS))),
    );
  const sumAt = (level: number) => cutsAt(level).reduce((sum, cut) => sum + cut, 0);
  // The highest level at which they give enough.
  let [enough, tooHigh] = [0, LEVELS + 1];
  while (tooHigh - enough > 1) {
    const middle = (enough + tooHigh) >> 1;
    if (sumAt(middle) >= needed) enough = middle;
    else tooHigh = middle;
  }
  let spare = sumAt(enough) - needed;
  return cutsAt(enough).map((cut, index) => {
    const back = Math.max(0, Math.min(spare, cut - (givers[index]?.least ?? 0)));
    spare -= back;
    return cut - back;
  });
}
