import type { MeasuredLoad } from '../fleet/load-meter.ts';
import { loadQueryOf, type RebalanceSpec } from '../spec/rebalance-schema.ts';

/** What is measured of the slots. */
export interface Measured {
  /** Connections by slot. */
  readonly connections: Readonly<Uint32Array>;
  /** What counts when nodes are compared, by slot, see nextTable; the same array if that is connections. */
  readonly load: Readonly<Uint32Array>;
  /** How many connections, or messages of late, a unit of load stands for; chance is judged by it. */
  readonly unit: number;
  /** How far a node's load may be from its share; Infinity: it is not balanced. See nextTable. */
  readonly tolerance: number;
}

/** A whole load in units of Measured: enough for the shares of a thousand nodes, and few sizes of slots. */
const WHOLE = 2 ** 20;

/** Whether what counts by the spec is known. */
export function isMeasured(rebalance: RebalanceSpec, measured: MeasuredLoad | undefined): boolean {
  return measured !== undefined || loadQueryOf(rebalance) === undefined;
}

/** What counts by the spec: connections, as long as something else is not known. */
export function measuredOf(
  { by, tolerance }: RebalanceSpec,
  connections: Readonly<Uint32Array>,
  measured: MeasuredLoad | undefined,
): Measured {
  if (by === 'slots') return { connections, load: connections, unit: 1, tolerance: Number.POSITIVE_INFINITY };
  if (by === 'connections' || measured === undefined) return { connections, load: connections, unit: 1, tolerance };
  const { bySlot, whole } = measured;
  // A slot that has connections is not empty, although they say nothing.
  const load = connections.map(
    (count, slot) => Math.round(((bySlot[slot] as number) * WHOLE) / whole) + Math.min(1, count),
  );
  return { connections, load, unit: whole / WHOLE, tolerance };
}
