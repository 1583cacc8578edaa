import { join } from 'node:path';
import type { Logger } from '@wscluster/service';
import { openFileStore, openLocalFollower } from '@wscluster/transport';
import type { GatewayConfig } from './config.ts';
import { createGateway, type Gateway } from './gateway.ts';

/** A gateway with the adapters that its configuration asks for. The only file that knows adapters. */
export function startGateway(config: GatewayConfig, log: Logger): Promise<Gateway> {
  const folder = join(config.stateDir, config.cluster);
  return createGateway({
    cluster: config.cluster,
    id: config.id,
    listen: config.listen,
    probes: config.probes,
    advertise: config.advertise,
    unreadyMs: config.unreadySeconds,
    drainMs: config.drainSeconds,
    store: openFileStore({ path: join(folder, 'ring.json') }),
    openBus: (handlers) => openLocalFollower({ socketPath: join(folder, 'bus.sock'), log }, handlers),
    log,
  });
}
