import { WsClusterError } from '@wscluster/ring';
import { type Logger, mainProgram, type OptionValues } from '@wscluster/service';
import type { devOptions } from './options.ts';
import { Supervised } from './supervised.ts';

/** The processes that the launcher starts; the controller starts the nodes. */
export interface Parts {
  readonly controller: Supervised;
  /** As in `--gateway-ports`; named gateway-1, gateway-2 and so on. */
  readonly gateways: readonly Supervised[];
  /** Rejects when one of them cannot run at all. */
  readonly unusable: Promise<never>;
}

/** The gateways start once the controller runs, whose bus they connect to. `source`: what the nodes are. */
export function startParts(
  options: OptionValues<typeof devOptions>,
  cluster: string,
  source: 'local' | 'docker',
  log: Logger,
): Parts {
  const { promise: unusable, reject } = Promise.withResolvers<never>();
  unusable.catch(() => {});
  const start = (name: string, args: readonly string[], after?: Promise<void>) =>
    new Supervised({
      name,
      log,
      args,
      ...(after === undefined ? {} : { after }),
      onUnusable: () => reject(new WsClusterError('CONFIG_INVALID', `${name} cannot run: see its message above`)),
    });
  const controller = start('controller', [
    mainProgram('controller'),
    ...['--cluster', options.cluster, '--source', source, '--state-dir', options.stateDir, '--stop-nodes', 'true'],
    ...['--api', `127.0.0.1:${options.apiPort}`, '--probes', `127.0.0.1:${options.probePorts}`],
  ]);
  const gateways = options.gatewayPorts.map((port, index) => {
    const name = `gateway-${index + 1}`;
    const args = [
      mainProgram('gateway'),
      ...['--cluster', cluster, '--state-dir', options.stateDir, '--id', name],
      ...['--listen', `127.0.0.1:${port}`, '--probes', `127.0.0.1:${options.probePorts + 1 + index}`],
      ...['--drain-seconds', '1'],
    ];
    return start(name, args, controller.running);
  });
  return { controller, gateways, unusable };
}
