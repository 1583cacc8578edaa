import { once } from 'node:events';
import { hostname } from 'node:os';
import { WsClusterError } from '@wscluster/ring';
import { createLogger, formatHostPort, type Running, startProbes } from '@wscluster/service';
import { isLoopback } from './api/access.ts';
import { createMetrics } from './api/metrics.ts';
import { ReconcileMetrics } from './api/reconcile-metrics.ts';
import { startApi } from './api/server.ts';
import { declaredClusters } from './wiring/declared-clusters.ts';
import type { Options } from './wiring/served-clusters.ts';

/** Starts the controller. Besides wiring/, only this file knows adapters. Resolves early when `stopping` is aborted. */
export async function startController(options: Options, stopping: AbortSignal): Promise<Running> {
  if (options.apiToken === undefined && !isLoopback(options.api.host))
    throw new WsClusterError('CONFIG_INVALID', '--api: an address beyond loopback needs --api-token', { field: 'api' });
  const log = createLogger('controller');
  const reconciles = new ReconcileMetrics();
  const served =
    options.source === 'kubernetes'
      ? (await import('./wiring/kubernetes-clusters.ts')).kubernetesClusters(options, log, reconciles)
      : declaredClusters(options, log, reconciles);
  const { clusters } = served;
  const notReady = () => served.notReady();

  // Listen first: a taken port must be known before any node is started.
  const metrics = createMetrics({ clusters, reconciles, locks: () => served.locks() });
  const probes = await startProbes(options.probes, notReady, metrics);
  const api = await startApi({ listen: options.api, token: options.apiToken, clusters, notReady, log });
  // All pods have the same loopback address: the host name at least says which one it is.
  const hidden = options.source === 'kubernetes' && isLoopback(options.api.host);
  const host = hidden ? hostname() : options.api.host;
  const self = options.apiAdvertise ?? `http://${reachable({ host, port: api.port })}`;
  log.info({ event: 'started', api: api.port, probes: probes.port, advertise: self }, `API on port ${api.port}`);
  // Without Redis no leader is elected, however long that takes; a request to stop ends the wait.
  await Promise.race([served.start(self), aborted(stopping)]);

  return {
    async stop() {
      // First no more changes, then the loops; probes answer to the end. Gateways keep running, and nodes too unless
      // configured otherwise.
      await api.close();
      await served.stop();
      await probes.close();
    },
  };
}

/** The address for others. "All interfaces" is not an address, so the host name stands for it. */
function reachable({ host, port }: { host: string; port: number }): string {
  return formatHostPort({ host: host === '::' || host === '0.0.0.0' ? hostname() : host, port });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
