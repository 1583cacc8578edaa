import { join } from 'node:path';
import { loadClusterFile } from '@wscluster/controller';
import { openLocalSource } from '@wscluster/controller/adapters/local';
import { lockClusterState } from '@wscluster/controller/adapters/local/cluster-state-lock';
import type { Cluster } from '@wscluster/controller/api';
import { WsClusterError } from '@wscluster/ring';
import type { Logger, OptionValues, Running } from '@wscluster/service';
import { banner } from './banner.ts';
import type { devOptions } from './options.ts';
import { ownState } from './own-state.ts';
import { type Parts, startParts } from './parts.ts';
import { checkPorts, portsOf } from './ports.ts';
import { type Awaited, untilReady } from './until-ready.ts';

type Options = OptionValues<typeof devOptions>;

const READY_MS = 60_000;
const STOP_MS = 10_000;

/**
 * The whole system on this machine, each part in its own process: a controller with its nodes, and gateways. Throws
 * STATE_IN_USE, PORT_TAKEN or CONFIG_INVALID before it starts anything, and ends only what it has started.
 */
export async function startDev(options: Options, log: Logger, signal: AbortSignal): Promise<Running> {
  const declared = loadClusterFile(options.cluster).cluster;
  const cluster = declared.metadata.name;
  const { image, selector } = declared.spec.nodes;
  const lock = await ownState(options.stateDir, () => lockClusterState(options.stateDir, cluster));
  let parts: Parts | undefined;
  const stop = async () => {
    if (parts !== undefined) await stopParts(parts, options, cluster, log);
    lock.release();
  };
  try {
    await checkPorts(portsOf(options));
    parts = startParts(options, cluster, image === undefined && selector === undefined ? 'local' : 'docker', log);
    const ready = untilReady(awaitedOf(parts, options, cluster), READY_MS, signal);
    const [served = ''] = await Promise.race([ready, parts.unusable]);
    const { nodes, routing } = clusterOf(served).spec;
    const backend = nodes.command === undefined && nodes.image === undefined ? 'sample' : 'own';
    process.stdout.write(banner({ ...options, routes: routing.routes, backend }));
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** First the cluster, with all nodes and a published ring, then every gateway. */
function awaitedOf({ controller, gateways }: Parts, options: Options, cluster: string): Awaited[] {
  return [
    {
      what: `the cluster ${cluster}`,
      url: `http://127.0.0.1:${options.apiPort}/api/v1/clusters/${cluster}`,
      started: () => controller.started,
      isReady: (body) =>
        clusterOf(body).status.conditions.some(({ type, status }) => type === 'Ready' && status === 'True'),
    },
    ...gateways.map((gateway, index) => ({
      what: `gateway-${index + 1}`,
      url: `http://127.0.0.1:${options.probePorts + 1 + index}/readyz`,
      started: () => gateway.started,
      isReady: () => true,
    })),
  ];
}

/** The cluster as it is served, including changes through the API since the file was written. */
function clusterOf(body: string): Cluster {
  return JSON.parse(body) as Cluster;
}

/**
 * Gateways first, so that they tell their clients to go while the nodes still answer. Then the controller, which ends
 * the nodes. If it happened to be down, the remaining nodes are ended here.
 */
async function stopParts(parts: Parts, options: Options, cluster: string, log: Logger): Promise<void> {
  await Promise.all(parts.gateways.map((gateway) => gateway.stop(STOP_MS)));
  await parts.controller.stop(STOP_MS);
  const lock = await lockClusterState(options.stateDir, cluster).catch((error: unknown) => {
    if (error instanceof WsClusterError && error.code === 'STATE_IN_USE') return undefined;
    throw error;
  });
  // The nodes belong to the controller that last used the state.
  if (lock?.previous !== undefined && parts.controller.owns(lock.previous.pid))
    await endNodes(join(options.stateDir, cluster, 'nodes'), log);
  lock?.release();
}

async function endNodes(directory: string, log: Logger): Promise<void> {
  const settings = () => ({ drainSeconds: 0, command: undefined });
  const source = openLocalSource({ directory, settings, sampleCommand: [], log }, { onChange: () => {} });
  await source.endAll();
  await source.close();
}
