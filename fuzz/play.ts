import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { AWARE } from '@wscluster/gateway/testing/migrations';
import { switching } from '@wscluster/gateway/testing/raw-socket';
import type { Step, Way } from './case.ts';
import type { Marks } from './marks.ts';

/** The end of a connection that does the steps. */
export interface Role {
  readonly marks: Marks;
  /** Of the request, for a node. */
  readonly webSocketKey?: string | undefined;
  /** Puts in what is known only now. */
  fill(text: string): string;
  move(way: Way): Promise<void>;
}

/** Lets a socket do the steps. Stops when it is closed. */
export async function play(socket: Socket, steps: readonly Step[], role: Role): Promise<void> {
  for (const step of steps) {
    if (!socket.writable) return;
    if ('send' in step) {
      const bytes = Buffer.from(role.fill(step.send), 'latin1');
      for (let left = step.times ?? 1; left > 0 && socket.writable; left--)
        if (!socket.write(bytes)) await drained(socket);
    } else if ('accept' in step) {
      const aware = step.accept === 'aware' ? AWARE : [];
      socket.write(switching(role.webSocketKey, [...aware, ...(step.lines ?? [])]), 'latin1');
    } else if ('wait' in step) await delay(step.wait);
    else if ('until' in step) await role.marks.until(step.until);
    else if ('move' in step) await role.move(step.move);
    else if ('end' in step) socket.end();
    else socket.resetAndDestroy();
  }
}

function drained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      socket.off('drain', done).off('close', done);
      resolve();
    };
    socket.on('drain', done).on('close', done);
  });
}
