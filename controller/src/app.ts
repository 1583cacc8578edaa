import { join } from 'node:path';
import { Assigner, WsClusterError } from '@wscluster/ring';
import { createLogger, type OptionValues, type Running, startProbes } from '@wscluster/service';
import { openFileStore, openLocalHub } from '@wscluster/transport';
import { isLoopback } from './api/access.ts';
import type { ServedCluster } from './api/served-cluster.ts';
import { startApi } from './api/server.ts';
import { loadClusterFile } from './cluster/load.ts';
import { openSpecStore } from './cluster/spec-store.ts';
import type { controllerOptions } from './config.ts';
import { alwaysLeader } from './leadership/always-leader.ts';
import { createMetrics } from './metrics.ts';
import { Planner } from './plan/planner.ts';
import { ClusterController } from './reconcile/cluster-controller.ts';
import { openLocalSource } from './workloads/local/source.ts';

/** Wires the controller; the only file that knows the adapters. */
export async function startController(options: OptionValues<typeof controllerOptions>): Promise<Running> {
  if (options.apiToken === undefined && !isLoopback(options.api.host))
    throw new WsClusterError('CONFIG_INVALID', '--api: an address beyond loopback needs --api-token', { field: 'api' });
  const log = createLogger('controller');
  const declared = loadClusterFile(options.cluster);
  const { name } = declared.cluster.metadata;
  const directory = join(options.stateDir, name);

  const assigner = new Assigner();
  const clusters: ServedCluster[] = [];
  const notReady = () =>
    clusters.length === 0
      ? 'starting'
      : clusters.map(({ controller }) => controller.notReady).find((reason) => reason !== undefined);

  // Listeners first: a taken port must be known before any node is started.
  const probes = await startProbes(options.probes, notReady, createMetrics(clusters));
  const api = await startApi({ listen: options.api, token: options.apiToken, clusters, notReady, log });
  const spec = openSpecStore(join(directory, 'spec.json'), declared);
  const controller = await ClusterController.start({
    name,
    spec,
    store: openFileStore({ path: join(directory, 'ring.json') }),
    leadership: alwaysLeader(),
    assign: (seats, cap) => assigner.assign(seats, cap),
    log,
    openBus: (handlers) => openLocalHub({ socketPath: join(directory, 'bus.sock'), log }, handlers),
    openSource: async (handlers) =>
      openLocalSource(
        {
          directory: join(directory, 'nodes'),
          settings: () => ({ drainSeconds: spec.spec.nodes.drainSeconds, command: spec.spec.nodes.command }),
          sampleCommand: [process.execPath, options.sampleNode],
          log,
        },
        handlers,
      ),
  });
  clusters.push({ name, spec, controller, planner: new Planner(controller, spec) });
  log.info({ event: 'started', api: api.port, probes: probes.port }, `API on port ${api.port}`);

  return {
    async stop() {
      // No more changes, then the loop; probes answer to the end. Gateways go on, and nodes too unless asked otherwise.
      await api.close();
      await controller.stop({ endNodes: options.stopNodes });
      await probes.close();
    },
  };
}
