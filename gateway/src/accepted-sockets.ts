import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { tuneAccepted, tuneSocket } from './http/tune-socket.ts';
import { Roster } from './roster.ts';

/** All sockets that a server has accepted, also upgraded ones, which the server itself forgets. */
export class AcceptedSockets {
  readonly #sockets = new Roster<Socket>();

  /** `onSocket` gets each one, with its options set and its errors listened for. */
  constructor(server: Server, onSocket: (socket: Socket) => void) {
    const sockets = this.#sockets;
    // One function for all sockets, since every idle connection holds its listeners.
    function forget(this: Socket): void {
      sockets.delete(this);
    }
    let areTuned = false;
    server.on('listening', () => {
      areTuned = tuneAccepted(server);
    });
    server.on('connection', (socket: Socket) => {
      // A reset without a listener ends the process. 'close' follows.
      socket.on('error', ignore);
      // Read here, since a socket keeps what it was asked once: after a reset the address can no longer be had.
      if (socket.remoteAddress === undefined) {
        socket.destroy();
        return;
      }
      if (!areTuned) tuneSocket(socket);
      sockets.add(socket);
      socket.on('close', forget);
      onSocket(socket);
    });
  }

  get size(): number {
    return this.#sockets.size;
  }

  /** Ends all at once, and resolves when none is left. */
  async destroy(): Promise<void> {
    const all = [...this.#sockets];
    const gone = all.map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
    for (const socket of all) socket.destroy();
    await Promise.all(gone);
  }
}

function ignore(): void {}
