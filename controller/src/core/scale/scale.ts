import type { Workload } from '../ports/workload-source.ts';

export interface ScalePlan {
  /** How many managed nodes to start. */
  readonly create: number;
  /** Managed nodes to drain because there are too many, fewest connections first. */
  readonly drain: readonly string[];
  /** Draining managed nodes that may stop now: they own no slot and serve no client, or their time is up. */
  readonly stop: readonly string[];
}

export interface ScaleInput {
  readonly listing: readonly Workload[];
  readonly replicas: number;
  /** Ids of the nodes that own a slot, in the ring or in one that a live gateway still routes by. */
  readonly owners: ReadonlySet<string>;
  readonly connections: ReadonlyMap<string, number>;
  readonly drainMs: number;
  /** By steadyNow, as `drainingSince` is in this listing. */
  readonly now: number;
}

/**
 * Which nodes to start, drain and stop, so that the spec's number of managed nodes exists, all made from the present
 * spec. Pure. Outdated nodes are replaced one at a time while they serve: an extra node is started, and once it is
 * ready, an outdated one is drained, whose place on the ring it takes. If a new node never becomes ready, no other one
 * is replaced. An outdated node without clients goes at once: nobody misses it, and there may be no room for an extra
 * node beside it.
 */
export function planScale(input: ScaleInput): ScalePlan {
  const managed = input.listing.filter((workload) => workload.managed && workload.phase !== 'gone');
  const draining = managed.filter((workload) => workload.phase === 'draining');
  const connectionsOf = (workload: Workload) => input.connections.get(workload.id) ?? 0;
  // A starting node that owns slots was ready before it was first seen here, and may become ready again.
  const missed = (workload: Workload) =>
    connectionsOf(workload) > 0 || (workload.phase === 'starting' && input.owners.has(workload.id));
  const useless = managed.filter((workload) => workload.outdated && servesNobody(workload) && !missed(workload));
  const active = managed.filter((workload) => workload.phase !== 'draining' && !useless.includes(workload));
  // Nodes that serve no client go first.
  const leastMissed = (a: Workload, b: Workload) =>
    Number(b.outdated ?? false) - Number(a.outdated ?? false) ||
    Number(servesNobody(b)) - Number(servesNobody(a)) ||
    connectionsOf(a) - connectionsOf(b) ||
    (a.id < b.id ? 1 : -1);
  const replacing = active.some((workload) => workload.outdated);
  const awaited = replacing && active.some((workload) => !workload.outdated && workload.phase !== 'ready') ? 1 : 0;
  const room = input.replicas + (replacing && draining.length + useless.length === 0 ? 1 : 0);
  const surplus = Math.max(0, active.length - input.replicas - awaited);
  const done = (workload: Workload) =>
    (!input.owners.has(workload.id) && connectionsOf(workload) === 0) ||
    input.now - (workload.drainingSince ?? input.now) >= input.drainMs;
  return {
    create: Math.max(0, room - active.length),
    drain: [...useless, ...active.sort(leastMissed).slice(0, surplus)].map((workload) => workload.id),
    stop: draining.filter(done).map((workload) => workload.id),
  };
}

function servesNobody({ phase }: Workload): boolean {
  return phase === 'starting' || phase === 'restarting';
}
