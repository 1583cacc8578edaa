import type { Fault, SessionSeen } from '../history.ts';

/** A fault may end connections for this long after it is healed: a node that was taken for dead is replaced, say. */
const AFTERMATH_MS = 20_000;
/** A client may see an end before the fault that caused it is recorded. */
const EARLY_MS = 500;

/** Whether a fault hit the session's node or gateway, so that its connection may end. */
export function wasHit(session: SessionSeen, faults: readonly Fault[]): boolean {
  const port = Number(new URL(session.url).port);
  const { openedAt, closedAt = Number.POSITIVE_INFINITY } = session;
  return faults.some(
    ({ nodes, gatewayPorts, from, until = Number.POSITIVE_INFINITY }) =>
      (nodes.includes(session.node) || gatewayPorts.includes(port)) &&
      from - EARLY_MS <= closedAt &&
      until + AFTERMATH_MS >= openedAt,
  );
}
