/** How far a node's connections may be from its share by default. */
const TOLERANCE = 0.05;

/**
 * The fewest clients that have to move when an empty node joins nodes of the same weight with these many clients, so
 * that none has more than its share and the tolerance, and the new one no less than its share without it.
 */
export function leastMovedToNew(clients: readonly number[]): number {
  const share = clients.reduce((sum, count) => sum + count, 0) / (clients.length + 1);
  const most = Math.floor(share * (1 + TOLERANCE) + 1e-9);
  const fewest = Math.ceil(share * (1 - TOLERANCE) - 1e-9);
  const tooMany = clients.reduce((sum, count) => sum + Math.max(0, count - most), 0);
  return Math.max(tooMany, fewest);
}

/** Keys by the node that owns them: how many each of these nodes has. */
export function spread(
  keys: readonly string[],
  owner: (key: string) => string | undefined,
  nodes: readonly string[],
): number[] {
  return nodes.map((node) => keys.filter((key) => owner(key) === node).length);
}
