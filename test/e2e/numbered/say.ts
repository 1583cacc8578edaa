import type { WebSocket } from 'ws';
import type { Message } from './messages.ts';

/** Sends a message by the package ws. */
export function say(socket: WebSocket, { body, binary, fragmented, withPing }: Message): void {
  if (!fragmented) {
    if (withPing) socket.ping();
    socket.send(body, { binary });
    return;
  }
  const third = Math.floor(body.length / 3);
  socket.send(body.subarray(0, third), { binary, fin: false });
  if (withPing) socket.ping();
  socket.send(body.subarray(third, 2 * third), { binary, fin: false });
  socket.send(body.subarray(2 * third), { binary, fin: true });
}
