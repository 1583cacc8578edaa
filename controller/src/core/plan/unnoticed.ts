import type { NodePlan } from './plan.ts';

/** Of the connections that would move the ones whose clients would not notice. */
export interface Unnoticed {
  readonly connections: number;
  /** False: an estimate. */
  readonly exact: boolean;
}

/**
 * By the share of such connections at each node that loses some: gateways do not tell them by slot. So it is exact if
 * all connections of such a node are of one kind, as they are unless routes or requests choose another mode than the
 * cluster. Pure.
 */
export function unnoticedOf(nodes: readonly NodePlan[], shareOf: (node: string) => number): Unnoticed {
  const losing = nodes
    .map(({ id, connections: { lost } }) => ({ lost, share: shareOf(id) }))
    .filter(({ lost }) => lost > 0);
  return {
    connections: Math.round(losing.reduce((sum, { lost, share }) => sum + lost * share, 0)),
    exact: losing.every(({ share }) => share === 0 || share === 1),
  };
}
