import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { WsClusterError } from '@wscluster/ring';
import { within } from '@wscluster/service';
import { MAX_HEAD_BYTES } from './admission/check-head.ts';
import { refusalOf } from './errors.ts';
import { refuseRequest } from './http/answer-client.ts';
import { brokenRequest } from './http/broken-request.ts';
import { type HttpContext, serveRequest } from './http/serve-request.ts';
import { KEEP_ALIVE_MS } from './limits.ts';
import type { ConnectionContext } from './relay/client-connection.ts';
import { refuseUpgrade } from './relay/refuse.ts';
import { serveUpgrade } from './relay/serve-upgrade.ts';
import { newRequestId, requestIdOf } from './request-id.ts';

export interface DataPlaneContext extends ConnectionContext, HttpContext {
  onAnswer(status: number, requestId: string): void;
}

/** The server on the data port and all sockets that it has accepted. */
export interface DataPlane {
  readonly server: Server;
  /** Includes upgraded sockets, which the server itself forgets and ignores in its shutdown. */
  readonly sockets: ReadonlySet<Socket>;
  /** From now on answers end their connections, and new requests on kept connections get SHUTTING_DOWN. */
  retire(): void;
  /** Resolves when the requests in progress are answered, after at most `ms`. */
  answered(ms: number): Promise<void>;
  /** Ends everything that is left at once, and resolves when nothing is left. */
  destroy(): Promise<void>;
}

export function createDataPlane(context: DataPlaneContext): DataPlane {
  const sockets = new Set<Socket>();
  let retired = false;
  const answers = new Set<ServerResponse>();
  const options = {
    headersTimeout: context.limits.requestHeadMs,
    // A body may stream for as long as it makes progress; the connection to the owner limits silence.
    requestTimeout: 0,
    // How often Node checks whether a head is late. It is fixed here, though the limit may change.
    connectionsCheckingInterval: Math.min(1_000, Math.ceil(context.limits.requestHeadMs / 4)),
    maxHeaderSize: MAX_HEAD_BYTES,
    noDelay: true,
    // Finds peers whose machine or network is gone.
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    // An offer of another protocol (h2c) may be ignored, and any offer in HTTP/1.0 must be; the request is then served
    // as it is (RFC 9110, 7.8).
    shouldUpgradeCallback: (req: IncomingMessage) =>
      req.headers.upgrade?.toLowerCase() === 'websocket' && req.httpVersionMinor > 0,
  };
  const server = createServer(options, (req, res) => {
    answers.add(res);
    res.on('close', () => answers.delete(res));
    const requestId = requestIdOf(req);
    res.on('finish', () => context.onAnswer(res.statusCode, requestId));
    if (retired) {
      res.shouldKeepAlive = false;
      refuseRequest(res, shuttingDown(), requestId);
    } else void serveRequest(context, req, res, requestId);
  });
  // Heads are limited in bytes. With a limit on lines Node would silently drop the rest.
  server.maxHeadersCount = 0;
  server.on('clientError', (error, socket) => {
    // Once it is answered, further data is dropped; the socket has ended by then.
    if (!socket.writable) return;
    const begun = [...answers].filter((res) => res.req.socket === socket);
    if (begun.some((res) => res.headersSent)) {
      socket.destroy();
      return;
    }
    const refusal = brokenRequest(error, context.limits);
    const requestId = newRequestId();
    context.onAnswer(refusalOf(refusal, requestId).status, requestId);
    context.onRefusal(refusal, requestId);
    refuseUpgrade(socket, refusal, requestId);
  });
  // One function for all sockets, since every idle connection holds its listeners.
  function forget(this: Socket): void {
    sockets.delete(this);
  }
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', forget);
  });
  server.on('upgrade', (req, socket: Socket, head) => {
    // This comes first: Node removes its own listener, and a reset without a listener ends the process. 'close'
    // follows.
    socket.on('error', ignore);
    const requestId = requestIdOf(req);
    if (retired) {
      context.onUpgrade('SHUTTING_DOWN', requestId);
      refuseUpgrade(socket, shuttingDown(), requestId);
    } else if ([...answers].some((res) => res.req.socket === socket)) {
      // The upgrade is pipelined behind an unanswered request, whose answer would get into the WebSocket.
      context.onUpgrade('REQUEST_INVALID', requestId);
      socket.destroy();
    } else serveUpgrade(context, req, socket, head, requestId);
  });
  return {
    server,
    sockets,
    retire: () => {
      retired = true;
      for (const res of answers) res.shouldKeepAlive = false;
    },
    async answered(ms) {
      const all = [...answers].map((res) => new Promise<void>((resolve) => res.once('close', () => resolve())));
      await within(ms, Promise.all(all));
    },
    async destroy() {
      const gone = [...sockets].map((socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())));
      for (const socket of sockets) socket.destroy();
      await Promise.all(gone);
    },
  };
}

function ignore(): void {}

function shuttingDown(): WsClusterError {
  return new WsClusterError('SHUTTING_DOWN', 'this gateway is stopping; reconnect');
}
