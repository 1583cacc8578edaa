import type { EventLog } from '../events/event-log.ts';
import type { Workload } from '../ports/workload-source.ts';
import type { Condition } from './status/conditions.ts';

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
    if (previous !== 'gone') log.add('node', `node ${id} is no longer listed`, { node: id, state: 'gone' });
}

/** Logs the conditions whose status or reason has changed. */
export function logConditionChanges(log: EventLog, before: readonly Condition[], after: readonly Condition[]): void {
  for (const { type, status, reason, message } of after) {
    const previous = before.find((condition) => condition.type === type);
    if (previous?.status !== status || previous.reason !== reason)
      log.add('condition', `${type} is ${status}: ${message}`, { type, status, reason });
  }
}
