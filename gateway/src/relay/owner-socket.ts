import { connect, type Socket } from 'node:net';
import type { HostPort } from '@wscluster/service';
import { KEEP_ALIVE_MS } from '../limits.ts';
import { readIntoShared } from './shared-read.ts';
import { giveTo, listenToDialled, NOBODY, type SocketUser } from './socket-user.ts';

/**
 * The owner's end of a connection, which is dialled without waiting. Its directions end separately (allowHalfOpen):
 * after a FIN from the node, data may still go to it.
 */
export function dialOwner(address: HostPort, user: SocketUser): Socket {
  const socket = connect({
    host: address.host,
    port: address.port,
    allowHalfOpen: true,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    onread: readIntoShared(),
  });
  giveTo(user, socket);
  listenToDialled(socket);
  return socket;
}

/** Ends a connection of which nothing is needed any more; a node that does not end its side is cut off after `ms`. */
export function retire(socket: Socket, ms: number): void {
  const retired = new Retired();
  giveTo(retired, socket);
  socket.resume();
  socket.end();
  if (!socket.closed) retired.cutOffAfter(ms, socket);
}

class Retired implements SocketUser {
  #deadline: NodeJS.Timeout | undefined;

  cutOffAfter(ms: number, socket: Socket): void {
    this.#deadline = setTimeout(() => socket.destroy(), ms);
  }

  onChunk(): boolean {
    return true;
  }

  onEnd(socket: Socket): void {
    socket.destroy();
  }

  onClose(socket: Socket): void {
    clearTimeout(this.#deadline);
    // An old socket would keep this, with its timer, through every minor collection until it is collected itself.
    giveTo(NOBODY, socket);
  }
}
