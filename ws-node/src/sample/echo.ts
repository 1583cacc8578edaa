import { type RawData, WebSocket } from 'ws';

/** While more bytes than this wait for a client, nothing is read from it: a client that sends must also read. */
const PAUSE_ABOVE_BYTES = 1024 * 1024;

/** Sends every message back as it is: text as text, binary as binary. */
export function echo(socket: WebSocket): void {
  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    socket.send(data, { binary: isBinary }, () => {
      if (socket.isPaused && socket.bufferedAmount <= PAUSE_ABOVE_BYTES) socket.resume();
    });
    if (socket.bufferedAmount > PAUSE_ABOVE_BYTES) socket.pause();
  });
}
