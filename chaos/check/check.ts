import type { History, Violation } from '../history.ts';
import { generationsRise } from './generations.ts';
import { migrationsKeepConnections } from './migrations.ts';
import { onlyOwnersMove } from './moves.ts';
import { paceHolds } from './pace.ts';
import { revisionsRise } from './revisions.ts';

/** Everything in a history that breaks a promise of wscluster, in the order of time. Pure. */
export function check(history: History): Violation[] {
  return [
    ...revisionsRise(history),
    ...generationsRise(history),
    ...onlyOwnersMove(history),
    ...migrationsKeepConnections(history),
    ...paceHolds(history),
    ...messagesInOrder(history),
  ].sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
}

function messagesInOrder({ clients }: History): Violation[] {
  return clients.flatMap(({ key, faults }) =>
    faults.map((detail) => ({ rule: 'messages', detail: `${key}: ${detail}` })),
  );
}
