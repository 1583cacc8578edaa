import type { Socket } from 'node:net';

/**
 * Ends this side of a socket after what was written. If the other side has ended and nothing waits, that is to close
 * it: the kernel sends what it has either way, and a call and a turn of the event loop are saved.
 */
export function endSocket(socket: Socket): void {
  if (socket.readableEnded && socket.writableLength === 0) socket.destroy();
  else socket.end();
}
