import type { Socket } from 'node:net';
import { KEEP_ALIVE_MS } from '../limits.ts';

/** Prepares a client's socket. Only once the client is served, since it takes five system calls. */
export function tuneSocket(socket: Socket): void {
  socket.setNoDelay(true);
  // Finds peers whose machine or network is gone.
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
}
