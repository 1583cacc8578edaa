import type { History, Violation } from '../history.ts';
import { gatewayWasHit, nodeWasHit } from './explained.ts';
import { isToldToMove, staysOf } from './stays.ts';

const WINDOW_MS = 2_000;
/** Gateways share the pace by counts that are up to a report old, and make up for short stalls. */
const TOLERANCE = 1.5;
const FEW = 3;

/** A gateway that was paused makes up for moves that are overdue. */
const CATCH_UP_MS = 3_000;

/**
 * No window has more moves than the pace allows, whether or not clients notice them. Moves from or to a node that a
 * fault hit do not count, since what is lost moves at once; nor those of a gateway that is hit, or was a moment ago.
 */
export function paceHolds(history: History): Violation[] {
  const { pace, clients, faults, stalls } = history;
  const times = clients
    .flatMap((client) => staysOf(client, history))
    .filter((stay) => (isToldToMove(stay) || stay.next?.lost === false) && !nodeWasHit(stay, faults))
    .filter((stay) => !gatewayWasHit(stay, faults, CATCH_UP_MS))
    .flatMap(({ until }) => (until === undefined ? [] : [until]))
    .sort((a, b) => a - b);
  const most = (pace * TOLERANCE * WINDOW_MS) / 1_000 + FEW;
  const violations: Violation[] = [];
  let end = 0;
  for (let first = 0; first < times.length; first++) {
    const from = times[first] ?? 0;
    while ((times[end] ?? Number.POSITIVE_INFINITY) < from + WINDOW_MS) end++;
    if (end - first <= most) continue;
    // What was held up by a stall is seen at once after it.
    const stalled = stalls.some((stall) => stall.until >= from - WINDOW_MS && stall.from <= from + WINDOW_MS);
    if (stalled) continue;
    const detail = `${end - first} moves in ${WINDOW_MS / 1_000} s at a pace of ${pace} a second`;
    violations.push({ rule: 'pace', at: from, detail });
    // The windows that overlap this one say the same.
    first = end - 1;
  }
  return violations;
}
