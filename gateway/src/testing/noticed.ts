import { setImmediate as nextTurn } from 'node:timers/promises';

/** The gateway, in this process, has read what was sent to it, and seen which sockets have ended. */
export async function noticed(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await nextTurn();
}
