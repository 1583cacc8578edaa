import type { ClientSeen, History, Violation } from '../history.ts';
import { wasHit } from './explained.ts';
import { ownersOf, wasSilent } from './owners.ts';
import { isToldToMove, type Stay, staysOf } from './stays.ts';

/**
 * No connection ends without a cause: either a ring gave its key to another node, or a fault hit its node or gateway.
 */
export function onlyOwnersMove(history: History): Violation[] {
  return history.clients.flatMap((client) =>
    staysOf(client, history).flatMap((stay) => {
      const { key, session, node, until: closedAt, next } = stay;
      if (next !== undefined || closedAt === undefined) return [];
      const after = nodeAfter(client, stay);
      if (isExplained(stay, closedAt, after, history)) return [];
      const { code, reason } = session;
      const detail = `${key} at ${node} was closed with ${code} ${reason}, then came to ${after ?? 'nobody'}`;
      return [{ rule: 'moves', at: closedAt, detail: `${detail}; neither its owner nor a fault explains that` }];
    }),
  );
}

/** Where the client connected next. */
function nodeAfter({ sessions }: ClientSeen, { session }: Stay): string | undefined {
  return sessions[sessions.indexOf(session) + 1]?.node;
}

function isExplained(stay: Stay, closedAt: number, after: string | undefined, { owners, faults }: History): boolean {
  const { key, session, node, from } = stay;
  const moved = isToldToMove(stay);
  if (!moved && wasHit(stay, faults)) return true;
  const others = ownersOf(owners, key, from, closedAt);
  others.delete(node);
  if (session.reason?.startsWith('owner ') === true && others.size > 0) return true;
  return moved && after !== undefined && after !== node && wasSilent(owners, from, closedAt);
}
