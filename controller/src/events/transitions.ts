import type { Leave, Report } from '@wscluster/ring';
import type { GatewayFleet } from '../fleet/gateways.ts';
import type { Condition } from '../status/conditions.ts';
import type { Workload } from '../workloads/port.ts';
import type { EventLog } from './event-log.ts';

/** Logs the nodes whose state differs between two listings. */
export function logNodeChanges(log: EventLog, before: readonly Workload[], after: readonly Workload[]): void {
  const phases = new Map(before.map(({ id, phase }) => [id, phase]));
  for (const { id, name = id, phase, address } of after) {
    const previous = phases.get(id);
    phases.delete(id);
    if (phase !== previous && !(phase === 'gone' && previous === undefined))
      log.add('node', `node ${name} is ${phase}`, { node: id, state: phase, address });
  }
  for (const [id, previous] of phases)
    if (previous !== 'gone') log.add('node', `node ${id} is not listed any more`, { node: id, state: 'gone' });
}

/** Logs the conditions whose status or reason differs. */
export function logConditionChanges(log: EventLog, before: readonly Condition[], after: readonly Condition[]): void {
  for (const { type, status, reason, message } of after) {
    const previous = before.find((condition) => condition.type === type);
    if (previous?.status !== status || previous.reason !== reason)
      log.add('condition', `${type} is ${status}: ${message}`, { type, status, reason });
  }
}

/** Logs gateways that come and go, and what they have moved since their last report. To be called before it is taken in. */
export function logGatewayChanges(log: EventLog, fleet: GatewayFleet, message: Report | Leave): void {
  const { gateway } = message;
  const before = fleet.all.find(({ id }) => id === gateway);
  if (message.type === 'leave') log.add('gateway', `gateway ${gateway} leaves`, { gateway });
  else if (before === undefined)
    log.add('gateway', `gateway ${gateway} reports`, { gateway, address: message.address });
  else if (message.moved > before.moved) {
    const moved = message.moved - before.moved;
    log.add('moves', `gateway ${gateway} told ${moved} clients to reconnect`, { gateway, moved });
  }
}
