/** An edge of a network, from one node to another. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly capacity: number;
  /** For each unit; may be negative, as long as no cycle is. */
  readonly cost: number;
}

/** The largest flow from `source` to `sink` with the least cost: what flows along each edge. For small networks. */
export function minCostFlow(edges: readonly Edge[], source: string, sink: string): number[] {
  const flow = edges.map(() => 0);
  for (;;) {
    const path = cheapestPath(edges, flow, source, sink);
    if (path === undefined) return flow;
    for (const { edge, by } of path) flow[edge] = (flow[edge] as number) + by;
  }
}

interface Hop {
  readonly edge: number;
  /** 1: along the edge; -1: a unit of it is taken back. */
  readonly by: 1 | -1;
}

/** By Bellman and Ford. */
function cheapestPath(
  edges: readonly Edge[],
  flow: readonly number[],
  source: string,
  sink: string,
): Hop[] | undefined {
  const reached = new Map<string, { cost: number; hop?: Hop; before?: string }>([[source, { cost: 0 }]]);
  const relax = (from: string, to: string, cost: number, hop: Hop) => {
    const start = reached.get(from);
    if (start === undefined || start.cost + cost >= (reached.get(to)?.cost ?? Number.POSITIVE_INFINITY)) return false;
    reached.set(to, { cost: start.cost + cost, hop, before: from });
    return true;
  };
  for (let changed = true; changed; ) {
    changed = false;
    for (const [edge, { from, to, capacity, cost }] of edges.entries()) {
      const used = flow[edge] as number;
      if (used < capacity && relax(from, to, cost, { edge, by: 1 })) changed = true;
      if (used > 0 && relax(to, from, -cost, { edge, by: -1 })) changed = true;
    }
  }
  if (!reached.has(sink)) return undefined;
  const path: Hop[] = [];
  for (let at = reached.get(sink); at?.hop !== undefined; at = reached.get(at.before ?? '')) path.push(at.hop);
  return path;
}
