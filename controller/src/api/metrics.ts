import { SLOTS, slotCounts } from '@wscluster/ring';
import { LOOP_SAMPLE_MS } from '@wscluster/service';
import { collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { summaryOf } from '../core/loop/status/summary.ts';
import type { ClusterView } from '../core/loop/view.ts';
import { CONTROLLER, type ReconcileMetrics } from './reconcile-metrics.ts';
import type { ServedCluster } from './served-cluster.ts';

/** A lock that this process holds, or would need to hold, to lead. */
export interface ElectionLock {
  readonly name: string;
  readonly leading: boolean;
}

export interface MetricsParts {
  /** May change while the process runs. */
  readonly clusters: readonly ServedCluster[];
  readonly reconciles: ReconcileMetrics;
  locks(): readonly ElectionLock[];
}

/** All metrics except the runs are computed at scrape time from the views of the clusters that this process leads. */
export function createMetrics({ clusters, reconciles, locks }: MetricsParts): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_SAMPLE_MS });
  reconciles.registerIn(registry);
  const gauge = (name: string, help: string, labelNames: string[], read: (view: ClusterView, set: Setter) => void) =>
    new Gauge({
      name,
      help,
      labelNames: ['cluster', ...labelNames],
      registers: [registry],
      collect() {
        this.reset();
        for (const { name, reign } of clusters)
          if (reign?.hasBegun === true)
            read(reign.view, (value, labels = {}) => this.set({ cluster: name, ...labels }, value));
      },
    });
  new Gauge({
    name: 'wscluster_leading',
    help: '1 if this controller leads the cluster or stands in as its leader, 0 if it stands by',
    labelNames: ['cluster'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name, reign } of clusters) this.set({ cluster: name }, reign === undefined ? 0 : 1);
    },
  });
  new Gauge({
    name: 'leader_election_master_status',
    help: '1 if this process holds the lock or Lease of this name, 0 if it stands by',
    labelNames: ['name'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { name, leading } of locks()) this.set({ name }, leading ? 1 : 0);
    },
  });
  new Gauge({
    name: 'workqueue_depth',
    help: 'Clusters that have changed since the last run of their loop began',
    labelNames: ['name', 'controller'],
    registers: [registry],
    collect() {
      const waiting = clusters.filter(({ reign }) => reign?.waiting === true);
      this.set({ name: CONTROLLER, controller: CONTROLLER }, waiting.length);
    },
  });
  gauge('wscluster_ring_epoch', 'Epoch of the published ring', [], (view, set) => set(view.ring.revision.epoch));
  gauge('wscluster_ring_version', 'Version of the published ring within its epoch', [], (view, set) =>
    set(view.ring.revision.version),
  );
  gauge('wscluster_ring_share', 'Share of the slots that a node owns, 0 to 1', ['node'], (view, set) => {
    const { ring } = view;
    const counts = slotCounts(ring);
    for (const [index, { nodeId }] of ring.members.entries()) set((counts[index] ?? 0) / SLOTS, { node: nodeId });
  });
  gauge('wscluster_nodes', 'Nodes by state', ['state'], (view, set) => {
    for (const state of ['starting', 'ready', 'unready', 'draining', 'restarting'])
      set(view.listing.filter((workload) => workload.phase === state).length, { state });
  });
  gauge('wscluster_node_connections', 'Client connections to a node, over all gateways', ['node'], (view, set) => {
    for (const [node, count] of view.fleet.connectionsByNode) set(count, { node });
  });
  gauge(
    'wscluster_node_max_connections',
    'Number of connections at which a node is full; absent for a node without a limit',
    ['node'],
    ({ membership }, set) => {
      for (const [node, limit] of membership.limits) set(limit, { node });
    },
  );
  gauge(
    'wscluster_capacity_used',
    'Connections of the nodes that stay, relative to their limits; absent while one of these nodes has no limit',
    [],
    (view, set) => {
      const used = capacityUsed(view);
      if (used !== undefined) set(used);
    },
  );
  gauge('wscluster_gateways', 'Live gateways', [], (view, set) => set(view.fleet.gateways.length));
  gauge('wscluster_gateways_in_sync', 'Live gateways that route by the published ring', [], (view, set) =>
    set(summaryOf(view).gateways.inSync),
  );
  gauge(
    'wscluster_rollout_remaining_slots',
    'Slots that do not have their target owner yet',
    ['reason'],
    (view, set) => {
      for (const [reason, { slots }] of Object.entries(view.remaining)) set(slots, { reason });
    },
  );
  gauge('wscluster_condition', 'Conditions: 1 if true', ['type'], (view, set) => {
    for (const { type, status } of view.conditions) set(status === 'True' ? 1 : 0, { type });
  });
  return registry;
}

/** Undefined if any node has no limit. */
function capacityUsed({ membership, fleet }: ClusterView): number | undefined {
  const staying = membership.members.filter(({ state }) => state !== 'draining');
  if (staying.length === 0 || staying.some(({ nodeId }) => !membership.limits.has(nodeId))) return undefined;
  const sum = (counts: ReadonlyMap<string, number>) =>
    staying.reduce((so, { nodeId }) => so + (counts.get(nodeId) ?? 0), 0);
  return sum(fleet.connectionsByNode) / sum(membership.limits);
}

type Setter = (value: number, labels?: Record<string, string>) => void;
