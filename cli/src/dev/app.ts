import { join } from 'node:path';
import { loadClusterFile } from '@wscluster/controller';
import { openLocalSource } from '@wscluster/controller/adapters/local';
import { WsClusterError } from '@wscluster/ring';
import { type Logger, mainProgram, type OptionValues, type Running } from '@wscluster/service';
import { banner } from './banner.ts';
import type { devOptions } from './options.ts';
import { Supervised } from './supervised.ts';
import { type Awaited, untilReady } from './until-ready.ts';

const READY_MS = 60_000;
const STOP_MS = 10_000;

/** The whole system on this machine, each part a process of its own: a controller with its nodes, and gateways. */
export async function startDev(
  options: OptionValues<typeof devOptions>,
  log: Logger,
  signal: AbortSignal,
): Promise<Running> {
  const cluster = loadClusterFile(options.cluster).cluster.metadata.name;
  const { promise: unusable, reject } = Promise.withResolvers<never>();
  const fail = (name: string) => () =>
    reject(new WsClusterError('CONFIG_INVALID', `${name} cannot run: see its message above`));
  unusable.catch(() => {});

  const controllerProbes = `127.0.0.1:${options.probePorts}`;
  const controller = new Supervised({
    name: 'controller',
    log,
    onUnusable: fail('the controller'),
    args: [
      mainProgram('controller'),
      ...['--cluster', options.cluster, '--state-dir', options.stateDir, '--stop-nodes', 'true'],
      ...['--api', `127.0.0.1:${options.apiPort}`, '--probes', controllerProbes],
    ],
  });
  const gateways = options.gatewayPorts.map((port, index) => {
    const name = `gateway-${index + 1}`;
    return new Supervised({
      name,
      log,
      onUnusable: fail(name),
      args: [
        mainProgram('gateway'),
        ...['--cluster', cluster, '--state-dir', options.stateDir, '--id', name],
        ...['--listen', `127.0.0.1:${port}`, '--probes', `127.0.0.1:${options.probePorts + 1 + index}`],
        ...['--drain-seconds', '1'],
      ],
    });
  });
  const stop = async () => {
    // Gateways first: their clients are told to go while the nodes still answer. Then the controller, which ends the
    // nodes; if it was down just now, nobody did, so what is left of them ends here.
    await Promise.all(gateways.map((gateway) => gateway.stop(STOP_MS)));
    await controller.stop(STOP_MS);
    await endNodes(join(options.stateDir, cluster, 'nodes'), log);
  };

  try {
    await Promise.race([untilReady(awaitedParts(options, cluster), READY_MS, signal), unusable]);
  } catch (error) {
    await stop();
    throw error;
  }
  for (const part of [controller, ...gateways]) part.proven();
  process.stdout.write(banner(options.apiPort, options.gatewayPorts));
  return { stop };
}

/** Every gateway, and the cluster: its nodes are there and the ring is published. */
function awaitedParts(options: OptionValues<typeof devOptions>, cluster: string): Awaited[] {
  const gateways = options.gatewayPorts.map((_, index) => ({
    what: `gateway-${index + 1}`,
    url: `http://127.0.0.1:${options.probePorts + 1 + index}/readyz`,
    isReady: () => true,
  }));
  const isReady = (body: string) => {
    const { status } = JSON.parse(body) as { status: { conditions: { type: string; status: string }[] } };
    return status.conditions.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  };
  const url = `http://127.0.0.1:${options.apiPort}/api/v1/clusters/${cluster}`;
  return [...gateways, { what: `the cluster ${cluster}`, url, isReady }];
}

async function endNodes(directory: string, log: Logger): Promise<void> {
  const settings = () => ({ drainSeconds: 0, command: undefined });
  const source = openLocalSource({ directory, settings, sampleCommand: [], log }, { onChange: () => {} });
  await source.endAll();
  await source.close();
}
