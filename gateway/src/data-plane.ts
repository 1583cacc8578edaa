import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { ConnectionContext } from './relay/client-connection.ts';
import { serveUpgrade } from './relay/serve-upgrade.ts';

/** The server on the data port, and every socket that it accepted. */
export interface DataPlane {
  readonly server: Server;
  /** Upgraded sockets too, which the server itself forgets (and its shutdown ignores). */
  readonly sockets: ReadonlySet<Socket>;
}

export function createDataPlane(context: ConnectionContext): DataPlane {
  const sockets = new Set<Socket>();
  const server = createServer({ headersTimeout: context.limits.requestHeadMs });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (req, socket: Socket, head) => {
    // First of all: Node takes its own listener off, and a reset without one ends the process. 'close' follows it.
    socket.on('error', () => {});
    serveUpgrade(context, req, socket, head);
  });
  return { server, sockets };
}
