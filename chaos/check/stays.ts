import type { ArrivalSeen, ClientSeen, History, SessionSeen } from '../history.ts';
import { modeOf } from '../talk.ts';
import { ownersOf } from './owners.ts';

/** The time of a connection at one node. */
export interface Stay {
  readonly key: string;
  readonly session: SessionSeen;
  readonly node: string;
  readonly from: number;
  /** When it was taken to the next node, or closed. */
  readonly until: number | undefined;
  /** Where it was taken without a Close. */
  readonly next: ArrivalSeen | undefined;
  /** Nodes that may have had it: this one, and those it was to go to. */
  readonly nodes: ReadonlySet<string>;
}

/** The stays of a client, in order. */
export function staysOf({ key, sessions }: ClientSeen, { owners }: Pick<History, 'owners'>): Stay[] {
  return sessions.flatMap((session) => {
    const begins = [{ node: session.node, at: session.openedAt }, ...session.arrivals];
    return begins.map(({ node, at: from }, index) => {
      const next = session.arrivals[index];
      const until = next?.at ?? session.closedAt;
      const isFixed = modeOf(session.url) === 'reconnect';
      const others = isFixed ? [] : ownersOf(owners, key, from, until ?? Number.POSITIVE_INFINITY);
      return { key, session, node, from, until, next, nodes: new Set([node, ...others]) };
    });
  });
}

/** The gateway's Close when the owner of a key changes. */
export function isToldToMove({ next, session: { reason } }: Stay): boolean {
  return next === undefined && reason === 'owner changed';
}
