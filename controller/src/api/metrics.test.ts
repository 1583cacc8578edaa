import { EMPTY_RING } from '@wscluster/ring';
import { expect, test } from 'vitest';
import { GatewayReports } from '../core/fleet/gateway-reports.ts';
import { NO_MEMBERSHIP } from '../core/membership/membership.ts';
import { parseCluster } from '../core/spec/load.ts';
import { createMetrics } from './metrics.ts';
import { ReconcileMetrics } from './reconcile-metrics.ts';
import type { LedCluster, ServedCluster } from './served-cluster.ts';

/** The samples of a name and what follows it, without the lines of help. */
async function samples(parts: Partial<Parameters<typeof createMetrics>[0]>, name: string): Promise<string[]> {
  const registry = createMetrics({ clusters: [], reconciles: new ReconcileMetrics(), locks: () => [], ...parts });
  const lines = (await registry.metrics()).split('\n');
  return lines.filter((line) => line.startsWith(name));
}

test('runs are counted by how they ended, from 0 on, under the names of controller-runtime', async () => {
  const reconciles = new ReconcileMetrics();
  expect(await samples({ reconciles }, 'controller_runtime_reconcile_total')).toEqual([
    'controller_runtime_reconcile_total{controller="wscluster",result="success"} 0',
    'controller_runtime_reconcile_total{controller="wscluster",result="error"} 0',
  ]);
  expect(await samples({ reconciles }, 'controller_runtime_reconcile_errors_total')).toEqual([
    'controller_runtime_reconcile_errors_total{controller="wscluster"} 0',
  ]);
  reconciles.ran(0.02, 'success');
  reconciles.ran(0.7, 'success');
  reconciles.ran(3, 'error');
  expect(await samples({ reconciles }, 'controller_runtime_reconcile_total')).toEqual([
    'controller_runtime_reconcile_total{controller="wscluster",result="success"} 2',
    'controller_runtime_reconcile_total{controller="wscluster",result="error"} 1',
  ]);
  expect(await samples({ reconciles }, 'controller_runtime_reconcile_errors_total')).toEqual([
    'controller_runtime_reconcile_errors_total{controller="wscluster"} 1',
  ]);
});

test('how long runs take is a histogram with the buckets of controller-runtime', async () => {
  const reconciles = new ReconcileMetrics();
  reconciles.ran(0.02, 'success');
  reconciles.ran(0.7, 'success');
  const lines = await samples({ reconciles }, 'controller_runtime_reconcile_time_seconds');
  const under = (le: string) =>
    lines.find(
      (line) => line.startsWith('controller_runtime_reconcile_time_seconds_bucket') && line.includes(`"${le}"`),
    );
  expect(
    [under('0.01'), under('0.025'), under('0.6'), under('0.7'), under('60')].map((line) => line?.slice(-2)),
  ).toEqual([' 0', ' 1', ' 1', ' 2', ' 2']);
  expect(lines).toContain('controller_runtime_reconcile_time_seconds_count{controller="wscluster"} 2');
});

test('each lock says whether this process holds it, as it is when it is asked', async () => {
  let leading = false;
  const locks = () => [{ name: 'wscluster-controller', leading }];
  const status = () => samples({ locks }, 'leader_election_master_status');
  expect(await status()).toEqual(['leader_election_master_status{name="wscluster-controller"} 0']);
  leading = true;
  expect(await status()).toEqual(['leader_election_master_status{name="wscluster-controller"} 1']);
});

test('the depth of the queue is how many clusters wait for the loop', async () => {
  const cluster = (name: string, waiting: boolean): ServedCluster => {
    // Of all that a reign is, the queue asks this alone.
    const view = {
      conditions: [],
      listing: [],
      ring: EMPTY_RING,
      membership: NO_MEMBERSHIP,
      remaining: {},
      fleet: new GatewayReports().fleet,
      spec,
    };
    return {
      name,
      leader: undefined,
      lastView: undefined,
      reign: { hasBegun: true, waiting, view } as unknown as LedCluster,
    };
  };
  const clusters = [cluster('a', true), cluster('b', false), cluster('c', true)];
  expect(await samples({ clusters }, 'workqueue_depth')).toEqual([
    'workqueue_depth{name="wscluster",controller="wscluster"} 2',
  ]);
});

test('a cluster that is gone has no metrics left', async () => {
  const clusters: ServedCluster[] = [{ name: 'a', leader: undefined, lastView: undefined, reign: undefined }];
  const registry = createMetrics({ clusters, reconciles: new ReconcileMetrics(), locks: () => [] });
  expect(await registry.metrics()).toContain('wscluster_leading{cluster="a"} 0');
  clusters.pop();
  expect(await registry.metrics()).not.toContain('cluster="a"');
});

test('memory and time of the process itself are there', async () => {
  expect(await samples({}, 'process_resident_memory_bytes ')).toHaveLength(1);
});

const { spec } = parseCluster(
  '{ apiVersion: wscluster.io/v1alpha1, kind: WsCluster, metadata: { name: chat }, spec: { nodes: { replicas: 0 } } }',
  'chat.yaml',
).cluster;
