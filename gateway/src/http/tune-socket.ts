import type { Server, Socket } from 'node:net';
import { KEEP_ALIVE_MS } from '../limits.ts';

/** The system's socket behind a Server that listens. */
interface Handle {
  setNoDelay?: (on: boolean) => number;
  setKeepAlive?: (on: boolean, seconds: number) => number;
}

/**
 * Sets the options of all sockets that a server will accept: on Linux they have those of the socket that listens, which
 * saves five system calls for each. Returns false where that is not so, or Node lacks the private fields that it takes;
 * then each socket needs `tuneSocket`.
 */
export function tuneAccepted(server: Server): boolean {
  const { _handle: handle } = server as Server & { _handle?: Handle | null };
  if (process.platform !== 'linux' || !handle?.setNoDelay || !handle.setKeepAlive) return false;
  return handle.setNoDelay(true) === 0 && handle.setKeepAlive(true, KEEP_ALIVE_MS / 1_000) === 0;
}

/** The same for one socket of a client. */
export function tuneSocket(socket: Socket): void {
  socket.setNoDelay(true);
  // Finds peers whose machine or network is gone.
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
}
