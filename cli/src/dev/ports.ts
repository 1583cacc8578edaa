import { once } from 'node:events';
import { createServer } from 'node:net';
import { WsClusterError } from '@wscluster/ring';
import { listen, type OptionValues } from '@wscluster/service';
import type { devOptions } from './options.ts';

type Options = OptionValues<typeof devOptions>;

export interface PortUse {
  readonly port: number;
  /** The option that sets it. */
  readonly flag: string;
  /** The process that listens there. */
  readonly what: string;
}

/** All ports that this launcher needs. */
export function portsOf({ apiPort, gatewayPorts, probePorts }: Options): PortUse[] {
  const probed = ['the controller', ...gatewayPorts.map((_, index) => `gateway-${index + 1}`)];
  return [
    { port: apiPort, flag: '--api-port', what: 'the API' },
    ...gatewayPorts.map((port, index) => ({ port, flag: '--gateway-ports', what: `gateway-${index + 1}` })),
    ...probed.map((of, index) => ({ port: probePorts + index, flag: '--probe-ports', what: `the probes of ${of}` })),
  ];
}

/**
 * Throws PORT_TAKEN naming the option if another process listens on one of them, and CONFIG_INVALID if a port is given
 * twice or is too high. Nothing has been started by then.
 */
export async function checkPorts(uses: readonly PortUse[]): Promise<void> {
  for (const [at, { port, flag, what }] of uses.entries()) {
    const other = uses.slice(0, at).find((use) => use.port === port);
    if (other !== undefined)
      throw invalid(flag, `${port} is given both to ${other.what} (${other.flag}) and to ${what}`);
    if (port > 65_535) throw invalid(flag, `${what} would be at ${port}; the highest port is 65535`);
  }
  for (const { port, flag, what } of uses) {
    const server = createServer();
    try {
      await listen(server, { host: '127.0.0.1', port }, what);
    } catch (error) {
      if (!(error instanceof WsClusterError)) throw error;
      throw new WsClusterError(error.code, `${error.message} (${flag})`, { field: flag.slice(2), cause: error });
    }
    await once(server.close(), 'close');
  }
}

function invalid(flag: string, message: string): WsClusterError {
  return new WsClusterError('CONFIG_INVALID', `${flag}: ${message}`, { field: flag.slice(2) });
}
