import type { Fault, SessionSeen } from '../history.ts';

/** A fault may end connections for this long after it is healed: a node that was taken for dead is replaced, say. */
const AFTERMATH_MS = 20_000;
/** A client may see an end before the fault that caused it is recorded. */
const EARLY_MS = 500;

/** Whether a fault hit the session's node or gateway, so that its connection may end. */
export function wasHit(session: SessionSeen, faults: readonly Fault[]): boolean {
  return nodeWasHit(session, faults) || gatewayWasHit(session, faults, AFTERMATH_MS);
}

/** Whether a fault hit the session's node. */
export function nodeWasHit(session: SessionSeen, faults: readonly Fault[]): boolean {
  return faults.some((fault) => fault.nodes.includes(session.node) && touches(fault, session, AFTERMATH_MS));
}

/** Whether a fault hit the session's gateway; it may have an effect until `aftermathMs` after it is healed. */
export function gatewayWasHit(session: SessionSeen, faults: readonly Fault[], aftermathMs: number): boolean {
  const port = Number(new URL(session.url).port);
  return faults.some((fault) => fault.gatewayPorts.includes(port) && touches(fault, session, aftermathMs));
}

function touches(
  { from, until = Number.POSITIVE_INFINITY }: Fault,
  session: SessionSeen,
  aftermathMs: number,
): boolean {
  const { openedAt, closedAt = Number.POSITIVE_INFINITY } = session;
  return from - EARLY_MS <= closedAt && until + aftermathMs >= openedAt;
}
