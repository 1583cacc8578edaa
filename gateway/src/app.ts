import type { Logger } from '@wscluster/service';
import { openTransport } from '@wscluster/transport';
import type { GatewayConfig } from './config.ts';
import { createGateway, type Gateway } from './gateway.ts';

/** Starts a gateway with the adapters that its configuration asks for. No other file knows adapters. */
export function startGateway(config: GatewayConfig, log: Logger): Promise<Gateway> {
  const transport = openTransport({ ...config, log });
  return createGateway({
    cluster: config.cluster,
    id: config.id,
    listen: config.listen,
    probes: config.probes,
    advertise: config.advertise,
    unreadyMs: config.unreadyMs,
    drainMs: config.drainMs,
    store: transport.openStore(),
    openBus: (handlers) => transport.openFollower(handlers),
    log,
  });
}
