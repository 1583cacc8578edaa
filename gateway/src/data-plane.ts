import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { WsClusterError } from '@wscluster/ring';
import { AcceptedSockets } from './accepted-sockets.ts';
import { FrontDoor } from './http/front-door.ts';
import { applyHttpLimits, checkingMsOf, createHttpServer } from './http/http-server.ts';
import { OneATurn } from './http/one-a-turn.ts';
import { PlainHttp, type PlainHttpContext, shuttingDown } from './http/plain-http.ts';
import type { RequestHead } from './http/request-head.ts';
import { NO_BYTES } from './no-bytes.ts';
import type { ConnectionContext } from './relay/client-connection.ts';
import { refuseUpgrade } from './relay/refuse.ts';
import { serveUpgrade } from './relay/serve-upgrade.ts';
import { requestIdOf } from './request-id.ts';

export interface DataPlaneContext extends ConnectionContext, PlainHttpContext {
  /** A connection could not be accepted. */
  onAcceptFailed(error: Error): void;
}

/** The server on the data port and all sockets that it has accepted. */
export interface DataPlane {
  readonly server: Server;
  /** Includes upgraded sockets, which the server itself forgets and ignores in its shutdown. */
  readonly sockets: { readonly size: number };
  /** Takes over those limits that Node enforces. */
  applyLimits(): void;
  /** From now on answers end their connections, and new requests on kept connections get SHUTTING_DOWN. */
  retire(): void;
  /** Resolves when the requests in progress are answered, after at most `ms`. */
  answered(ms: number): Promise<void>;
  /** Ends everything that is left at once, and resolves when nothing is left. */
  destroy(): Promise<void>;
}

/** An accepted socket goes to the front door, then to the relay or to plain HTTP, which it may still leave. */
export function createDataPlane(context: DataPlaneContext): DataPlane {
  const server = createHttpServer(context.limits);
  const checkingMs = checkingMsOf(context.limits);
  const heads = new OneATurn();
  const http = new PlainHttp(server, heads, context);

  const upgrade = (req: RequestHead, socket: Socket, behind: Buffer) => {
    const requestId = requestIdOf(req);
    if (http.retired) {
      context.onUpgrade('SHUTTING_DOWN', requestId);
      refuseUpgrade(socket, shuttingDown(), requestId);
    } else serveUpgrade(context, req, socket, behind, requestId);
  };
  const door = new FrontDoor(heads, {
    onUpgrade: (head, socket) => upgrade(head, socket, NO_BYTES),
    onHttp: (socket) => http.begin(socket),
  });
  const sockets = new AcceptedSockets(server, (socket) => door.enter(socket));
  server.on('listening', () => {
    const sweeps = setInterval(() => door.sweep(), checkingMs).unref();
    server.on('close', () => clearInterval(sweeps));
  });
  // Accepting fails when no file descriptor is left; what is open goes on.
  server.on('error', (error) => context.onAcceptFailed(error));
  server.on('upgrade', (req, socket: Socket, head) => {
    const behind = http.leave(socket, head);
    if (behind === undefined) context.onUpgrade('REQUEST_INVALID', requestIdOf(req));
    else upgrade(req, socket, behind);
  });
  server.on('connect', (req, socket: Socket, head) => {
    if (http.leave(socket, head) === undefined) return;
    const refusal = new WsClusterError('REQUEST_INVALID', 'gateways do not open tunnels (CONNECT)', {
      field: 'method',
    });
    http.refuse(socket, refusal, requestIdOf(req));
  });
  return {
    server,
    sockets,
    applyLimits: () => applyHttpLimits(server, context.limits),
    retire: () => http.retire(),
    answered: (ms) => http.answered(ms),
    destroy: () => sockets.destroy(),
  };
}
