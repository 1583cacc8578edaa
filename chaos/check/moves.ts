import type { History, OwnersSeen, SessionSeen, Violation } from '../history.ts';
import { wasHit } from './explained.ts';

/** A ring is seen this long after gateways route by it. */
const SEEN_LATE_MS = 3_000;
/** Rings are looked at several times a second. After a longer silence, some were missed. */
const SILENCE_MS = 1_500;

/**
 * No connection ends without a cause: either a ring gave its key to another node, or a fault hit its node or gateway.
 */
export function onlyOwnersMove(history: History): Violation[] {
  return history.clients.flatMap(({ key, sessions }) =>
    sessions.flatMap((session, index) => {
      const { closedAt, code, reason, node } = session;
      if (closedAt === undefined) return [];
      const next = sessions[index + 1];
      const moved = reason === 'owner changed';
      if (!moved && wasHit(session, history.faults)) return [];
      if (reason?.startsWith('owner ') === true && ownerChanged(history.owners, key, session, closedAt)) return [];
      if (moved && next !== undefined && next.node !== node && wasSilent(history.owners, session, closedAt)) return [];
      const detail = `${key} at ${node} was closed with ${code} ${reason}, then came to ${next?.node ?? 'nobody'}`;
      return [{ rule: 'moves', at: closedAt, detail: `${detail}; neither its owner nor a fault explains that` }];
    }),
  );
}

/** Whether a ring that was in force while the session stood names another owner. */
function ownerChanged(seen: readonly OwnersSeen[], key: string, session: SessionSeen, closedAt: number): boolean {
  return seen.some(({ at, owners }, index) => {
    const end = seen[index + 1]?.at ?? Number.POSITIVE_INFINITY;
    const owner = owners.get(key) ?? session.node;
    return end >= session.openedAt && at <= closedAt + SEEN_LATE_MS && owner !== session.node;
  });
}

/** Whether no ring could be seen for a while about when the session ended. */
function wasSilent(seen: readonly OwnersSeen[], { openedAt }: SessionSeen, closedAt: number): boolean {
  const from = Math.max(openedAt, closedAt - SEEN_LATE_MS);
  const times = seen.map(({ at }) => at).filter((at) => at > from && at < closedAt + SEEN_LATE_MS);
  return [...times, closedAt + SEEN_LATE_MS].some((at, index) => at - (times[index - 1] ?? from) > SILENCE_MS);
}
