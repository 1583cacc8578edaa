import type { Fault, History, MigrationsSeen, Violation } from '../history.ts';
import { modeOf } from '../talk.ts';
import { nodeWasHit, wasHit } from './explained.ts';
import { ownersOf, wasSilent } from './owners.ts';
import { isToldToMove, type Stay, staysOf } from './stays.ts';

/** Gateways wait for no step of a migration longer than this. */
const LONGEST_STEP_MS = 10_000;

/**
 * A connection goes from node to node only where rings say so, unless its client asked for reconnects. A client that
 * asked for migrations is told to reconnect only if a fault hit one of its nodes or its gateway. Gateways count all of
 * this.
 */
export function migrationsKeepConnections(history: History): Violation[] {
  const stays = history.clients.flatMap((client) => staysOf(client, history));
  return [
    ...stays.flatMap((stay) => {
      const detail = faultOf(stay, history);
      return detail === undefined
        ? []
        : [{ rule: 'migrations', at: stay.until ?? 0, detail: `${stay.key}: ${detail}` }];
    }),
    ...history.migrations.flatMap((seen) => uncounted(seen, stays, history.faults)),
  ];
}

function faultOf(stay: Stay, { owners, faults, stalls }: History): string | undefined {
  const { key, session, node, from, until, next } = stay;
  const mode = modeOf(session.url);
  if (until === undefined) return undefined;
  if (next === undefined) {
    if (mode !== 'migrate' || !isToldToMove(stay) || wasHit(stay, faults)) return undefined;
    // A node may have waited for the processor for longer than gateways wait for it.
    if (stalls.some((stall) => stall.until >= until - LONGEST_STEP_MS && stall.from <= until)) return undefined;
    return `was told to reconnect at ${node}, though it asked for migrations, and no fault explains that`;
  }
  if (mode === 'reconnect') return `was taken from ${node} to ${next.node}, though it asked for reconnects`;
  const isNamed = ownersOf(owners, key, from, until).has(next.node) || wasSilent(owners, from, until);
  // One that died at once may have been an owner for a moment only.
  if (!isNamed && !nodeWasHit({ ...stay, nodes: new Set([next.node]) }, faults))
    return `was taken from ${node} to ${next.node}, which no ring named as its owner`;
  if (next.lost && !wasHit(stay, faults)) return `came to ${next.node}, since ${node} was lost; no fault explains that`;
  return undefined;
}

/** What clients have seen of a gateway process, and the process has not counted. */
function uncounted(
  { at, port, since, outcomes }: MigrationsSeen,
  stays: readonly Stay[],
  faults: readonly Fault[],
): Violation[] {
  const ended = stays.filter(({ session: { url, openedAt }, until }) => {
    return Number(new URL(url).port) === port && openedAt >= since && until !== undefined && until < at;
  });
  const number = (of: (stay: Stay) => boolean) => ended.filter(of).length;
  const { migrated = 0, redialled = 0, stayed: _, ...failures } = outcomes;
  const failed = Object.values(failures).reduce((sum, count) => sum + count, 0);
  // Clients of a lost node are told as soon as a ring names another one: no migration began.
  const isFailure = (stay: Stay) =>
    modeOf(stay.session.url) === 'migrate' && isToldToMove(stay) && !nodeWasHit(stay, faults);
  const rows = [
    ['migrations', number(({ next }) => next?.lost === false), migrated],
    ['redials', number(({ next }) => next?.lost === true), redialled],
    ['failures', number(isFailure), failed],
  ] as const;
  return rows
    .filter(([, seen, counted]) => seen > counted)
    .map(([what, seen, counted]) => {
      const detail = `clients saw ${seen} ${what} of the gateway at port ${port}, which has counted ${counted}`;
      return { rule: 'migrations', at, detail };
    });
}
