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

/** The server on the data port, and every socket that it accepted. */
export interface DataPlane {
  readonly server: Server;
  /** Upgraded sockets too, which the server itself forgets (and its shutdown ignores). */
  readonly sockets: ReadonlySet<Socket>;
  /** From now on kept connections get their last answer, and new requests on them SHUTTING_DOWN. */
  retire(): void;
  /** Resolves when the requests under way are answered, after `ms` at the latest. */
  answered(ms: number): Promise<void>;
  /** Ends what is left at once, and resolves when nothing is. */
  destroy(): Promise<void>;
}

export function createDataPlane(context: DataPlaneContext): DataPlane {
  const sockets = new Set<Socket>();
  let retired = false;
  const answers = new Set<ServerResponse>();
  const options = {
    headersTimeout: context.limits.requestHeadMs,
    // A body may stream for as long as it moves: silence is what the way to the owner is bounded by.
    requestTimeout: 0,
    // Node looks whether a head is late only this often. Fixed here, while the limit may change.
    connectionsCheckingInterval: Math.min(1_000, Math.ceil(context.limits.requestHeadMs / 4)),
    maxHeaderSize: MAX_HEAD_BYTES,
    noDelay: true,
    // Ends what is left of peers whose machine or network is gone.
    keepAlive: true,
    keepAliveInitialDelay: KEEP_ALIVE_MS,
    // An offer of another protocol (h2c) may be ignored, and any in HTTP/1.0 must be: the request is served as it is
    // (RFC 9110, 7.8).
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
  // Bytes bound the head; beyond a number of header lines Node would drop the rest without a word.
  server.maxHeadersCount = 0;
  server.on('clientError', (error, socket) => {
    // Once answered, what more comes is dropped; the socket is ended by then.
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
  // One function for all sockets, since each idle connection holds what listens to it.
  function forget(this: Socket): void {
    sockets.delete(this);
  }
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', forget);
  });
  server.on('upgrade', (req, socket: Socket, head) => {
    // First of all: Node takes its own listener off, and a reset without one ends the process. 'close' follows it.
    socket.on('error', ignore);
    const requestId = requestIdOf(req);
    if (retired) {
      context.onUpgrade('SHUTTING_DOWN', requestId);
      refuseUpgrade(socket, shuttingDown(), requestId);
    } else if ([...answers].some((res) => res.req.socket === socket)) {
      // Pipelined behind a request that is unanswered: its answer would get into the WebSocket.
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
  return new WsClusterError('SHUTTING_DOWN', 'this gateway is stopping; connect again');
}
