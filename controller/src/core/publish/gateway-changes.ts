import { type AnyReport, counted, type Leave } from '@wscluster/ring';
import type { EventLog } from '../events/event-log.ts';
import type { GatewayStatus } from '../fleet/fleet.ts';

/**
 * Logs gateways that come and go, and what they have moved since their last report. `before`: what was known of the
 * gateway before this message.
 */
export function logGatewayChanges(log: EventLog, before: GatewayStatus | undefined, message: AnyReport | Leave): void {
  const { gateway } = message;
  if (message.type === 'leave') log.add('gateway', `gateway ${gateway} is leaving`, { gateway });
  else if (before === undefined)
    log.add('gateway', `gateway ${gateway} reports`, { gateway, address: message.address });
  else if (message.moved > before.moved) {
    const moved = message.moved - before.moved;
    // A gateway that has restarted counts anew.
    const migrated = Math.max(0, (message.migrated ?? 0) - before.migrated);
    const told = moved - migrated;
    const what = [
      ...(told > 0 ? [`told ${counted(told, 'client')} to reconnect`] : []),
      ...(migrated > 0 ? [`migrated ${counted(migrated, 'client')}`] : []),
    ];
    log.add('moves', `gateway ${gateway} ${what.join(' and ')}`, { gateway, moved, migrated });
  }
}
