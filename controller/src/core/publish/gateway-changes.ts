import type { Leave, Report } from '@wscluster/ring';
import type { EventLog } from '../events/event-log.ts';
import type { Fleet } from '../fleet/fleet.ts';

/**
 * Logs gateways that come and go, and what they have moved since their last report. Call it before the report is taken.
 */
export function logGatewayChanges(log: EventLog, fleet: Fleet, message: Report | Leave): void {
  const { gateway } = message;
  const before = fleet.gateways.find(({ id }) => id === gateway);
  if (message.type === 'leave') log.add('gateway', `gateway ${gateway} is leaving`, { gateway });
  else if (before === undefined)
    log.add('gateway', `gateway ${gateway} reports`, { gateway, address: message.address });
  else if (message.moved > before.moved) {
    const moved = message.moved - before.moved;
    log.add('moves', `gateway ${gateway} told ${moved} clients to reconnect`, { gateway, moved });
  }
}
