import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { switching } from '@wscluster/gateway/testing/raw-socket';
import type { Step } from './case.ts';

/** Lets a socket do the steps. Stops when it is closed. `replace`: changes what is sent. */
export async function play(
  socket: Socket,
  steps: readonly Step[],
  replace: (text: string) => string = (text) => text,
): Promise<void> {
  for (const step of steps) {
    if (!socket.writable) return;
    if ('send' in step) {
      const bytes = Buffer.from(replace(step.send), 'latin1');
      for (let left = step.times ?? 1; left > 0 && socket.writable; left--)
        if (!socket.write(bytes)) await drained(socket);
    } else if ('accept' in step) socket.write(switching());
    else if ('wait' in step) await delay(step.wait);
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
