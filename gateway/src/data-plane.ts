import { createServer, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { WsClusterError } from '@wscluster/ring';
import { refuseRequest } from './http/answer-client.ts';
import { type HttpContext, serveRequest } from './http/serve-request.ts';
import type { ConnectionContext } from './relay/client-connection.ts';
import { refuseUpgrade } from './relay/refuse.ts';
import { serveUpgrade } from './relay/serve-upgrade.ts';

export interface DataPlaneContext extends ConnectionContext, HttpContext {
  onAnswer(status: number): void;
}

/** The server on the data port, and every socket that it accepted. */
export interface DataPlane {
  readonly server: Server;
  /** Upgraded sockets too, which the server itself forgets (and its shutdown ignores). */
  readonly sockets: ReadonlySet<Socket>;
  /** From now on kept connections get their last answer, and new requests on them SHUTTING_DOWN. */
  retire(): void;
  /** Ends what is left at once, and resolves when nothing is. */
  destroy(): Promise<void>;
}

export function createDataPlane(context: DataPlaneContext): DataPlane {
  const sockets = new Set<Socket>();
  let retired = false;
  const server = createServer({ headersTimeout: context.limits.requestHeadMs, noDelay: true }, (req, res) => {
    res.on('finish', () => context.onAnswer(res.statusCode));
    if (retired) {
      res.shouldKeepAlive = false;
      refuseRequest(res, shuttingDown());
    } else void serveRequest(context, req, res);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (req, socket: Socket, head) => {
    // First of all: Node takes its own listener off, and a reset without one ends the process. 'close' follows it.
    socket.on('error', () => {});
    if (retired) refuseUpgrade(socket, shuttingDown());
    else serveUpgrade(context, req, socket, head);
  });
  return {
    server,
    sockets,
    retire: () => {
      retired = true;
    },
    async destroy() {
      const gone = [...sockets].map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
      for (const socket of sockets) socket.destroy();
      await Promise.all(gone);
    },
  };
}

function shuttingDown(): WsClusterError {
  return new WsClusterError('SHUTTING_DOWN', 'this gateway is stopping; connect again');
}
