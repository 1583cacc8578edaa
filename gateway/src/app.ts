import type { ProcessLogger, Running } from '@wscluster/service';
import { openTransport } from '@wscluster/transport';
import type { GatewayConfig } from './config.ts';
import { createGateway } from './gateway.ts';
import type { LiveOptions } from './gateway-options.ts';
import { Primary } from './workers/primary.ts';

/** A gateway, of one process or of several. */
export interface StartedGateway extends Running {
  /** Takes effect when the gateway stops; open connections do not notice. */
  change(options: LiveOptions): void;
}

/** Starts a gateway with the adapters that its configuration asks for. No other file knows adapters. */
export async function startGateway(config: GatewayConfig, log: ProcessLogger): Promise<StartedGateway> {
  const transport = openTransport({ ...config, log });
  const options = {
    cluster: config.cluster,
    id: config.id,
    listen: config.listen,
    probes: config.probes,
    advertise: config.advertise,
    unreadyMs: config.unreadyMs,
    drainMs: config.drainMs,
    store: transport.openStore(),
    openBus: transport.openFollower,
    log,
  };
  if (config.workers === 1) return createGateway(options);
  const primary = new Primary(options, config.workers);
  await primary.start();
  return primary;
}
