import type { Socket } from 'node:net';

/** Sends what is buffered, then closes the connection; cuts it if the other side does not follow in time. */
export function endSocket(socket: Socket, deadlineMs: number): Promise<void> {
  return new Promise((resolve) => {
    if (socket.closed) return resolve();
    const timer = setTimeout(() => socket.destroy(), deadlineMs);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.end();
  });
}
