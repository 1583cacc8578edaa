import type { RebalanceSpec } from '../spec/rebalance-schema.ts';

/** What is measured of the slots. */
export interface Measured {
  /** Connections by slot. */
  readonly connections: Readonly<Uint32Array>;
  /** What counts when nodes are compared, by slot, see nextTable; the same array if that is connections. */
  readonly load: Readonly<Uint32Array>;
  /** How many connections a unit of load stands for; chance is judged by it. */
  readonly unit: number;
  /** How far a node's load may be from its share; Infinity: it is not balanced. See nextTable. */
  readonly tolerance: number;
}

/** What counts by the spec. */
export function measuredOf({ by, tolerance }: RebalanceSpec, connections: Readonly<Uint32Array>): Measured {
  return { connections, load: connections, unit: 1, tolerance: by === 'slots' ? Number.POSITIVE_INFINITY : tolerance };
}
