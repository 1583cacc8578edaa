import type { Fault } from '../history.ts';
import type { Stay } from './stays.ts';

/**
 * A fault may end connections that were opened so long after it is healed: a node that was taken for dead is replaced,
 * say.
 */
const AFTERMATH_MS = 20_000;
/** And it ends none so long after it is healed, however old they are. */
const LONG_AFTER_MS = 60_000;
/** A client may see an end before the fault that caused it is recorded. */
const EARLY_MS = 500;

/** Whether a fault hit a node of the stay or its gateway, so that its connection may end. */
export function wasHit(stay: Stay, faults: readonly Fault[]): boolean {
  return nodeWasHit(stay, faults) || gatewayWasHit(stay, faults);
}

/** Whether a fault hit a node that had the connection, or was to have it. */
export function nodeWasHit(stay: Stay, faults: readonly Fault[]): boolean {
  return faults.some((fault) => fault.nodes.some((node) => stay.nodes.has(node)) && touches(fault, stay, stay.from));
}

/** Whether a fault hit the connection's gateway. `aftermathMs`: it has an effect for so long after it is healed. */
export function gatewayWasHit(stay: Stay, faults: readonly Fault[], aftermathMs?: number): boolean {
  const port = Number(new URL(stay.session.url).port);
  return faults.some((fault) => {
    if (!fault.gatewayPorts.includes(port)) return false;
    return touches(fault, stay, stay.session.openedAt, aftermathMs);
  });
}

function touches({ from, until }: Fault, stay: Stay, since: number, aftermathMs?: number): boolean {
  const end = stay.until ?? Number.POSITIVE_INFINITY;
  const healed = until ?? Number.POSITIVE_INFINITY;
  if (from - EARLY_MS > end) return false;
  return healed + AFTERMATH_MS >= since && healed + (aftermathMs ?? LONG_AFTER_MS) >= end;
}
