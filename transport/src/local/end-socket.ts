import type { Socket } from 'node:net';

/** Sends what is still buffered, then ends the connection; cuts it when the other side has not followed in time. */
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
