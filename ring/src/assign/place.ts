import { murmur3Pair } from '../hash.ts';
import { type Draft, NOBODY } from './draft.ts';
import type { Shares } from './shares.ts';

/**
 * Gives the slots that nobody owns to the takers, until none or no taker is left. Those with connections go first,
 * the largest to whom has the most room for each slot that it still takes; so a member that takes many slots does not
 * get all of the large ones. Those without connections go to the taker where their rendezvous score is highest. A
 * taker that had a slot before it was lost comes before others, as long as it lacks connections. A slot that is too
 * much for the limits of all takers stays with the owner that it had; without one it goes to a member that it is not
 * too much for, or if there is none to a taker.
 */
export function placeSlots(draft: Draft, shares: Shares, ringIds: readonly number[], takers: readonly number[]): void {
  const { origin, owner, former, connections, size, held, load, clients } = draft;
  const { limits } = shares;
  const open = new Set(takers);
  const takes = (taker: number) => (shares.slots[taker] as number) - (held[taker] as number);
  const put = (slot: number, taker: number) => {
    draft.move(slot, taker);
    if (takes(taker) === 0) open.delete(taker);
  };
  const loaded: number[] = [];
  const empty: number[] = [];
  for (let slot = 0; slot < owner.length; slot++)
    if (owner[slot] === NOBODY) (size[slot] === 0 ? empty : loaded).push(slot);
  loaded.sort((a, b) => (size[b] as number) - (size[a] as number) || a - b);

  /** The connections that a taker still lacks; beyond those, what it may still have. */
  const lacks = (taker: number) => Math.max(0, (shares.low[taker] as number) - (load[taker] as number));
  const room = (taker: number) => (shares.high[taker] as number) - (load[taker] as number);
  const best = (score: (taker: number) => number): number | undefined => {
    let found: number | undefined;
    for (const taker of open) {
      if (found === undefined) found = taker;
      else {
        const [one, other] = [score(taker) * takes(found), score(found) * takes(taker)];
        if (one > other || (one === other && taker < found)) found = taker;
      }
    }
    return found;
  };
  const bears = (taker: number, slot: number) =>
    (clients[taker] as number) + (connections[slot] as number) <= (limits[taker] as number);
  const roomiest = () => {
    const spare = (member: number) => (limits[member] as number) - (clients[member] as number);
    return ringIds.reduce((most, _, member) => (spare(member) > spare(most) ? member : most), 0);
  };
  /** The open taker where the slot's rendezvous score is highest. */
  const highest = (slot: number) => {
    const [only] = open;
    if (open.size === 1 && only !== undefined) return only;
    let found = NOBODY;
    let most = -1;
    for (const taker of open) {
      const score = murmur3Pair(slot, ringIds[taker] as number);
      if (score < most || (score === most && taker > found)) continue;
      most = score;
      found = taker;
    }
    return found;
  };
  for (const slot of loaded) {
    const had = former[slot] as number;
    const lacking = open.has(had) && lacks(had) > 0 ? had : best(lacks);
    const wanting = lacking !== undefined && lacks(lacking) > 0 ? lacking : best(room);
    if (wanting === undefined) return;
    const taker = bears(wanting, slot) ? wanting : best((other) => (bears(other, slot) ? 1 : 0));
    if (taker !== undefined && bears(taker, slot)) put(slot, taker);
    else if (origin[slot] !== NOBODY) draft.move(slot, origin[slot] as number);
    else {
      const other = roomiest();
      if (bears(other, slot)) draft.move(slot, other);
      else put(slot, wanting);
    }
  }
  for (const slot of empty) {
    if (open.size === 0) return;
    const had = former[slot] as number;
    put(slot, open.has(had) ? had : highest(slot));
  }
}
