import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WsClusterError } from '@wscluster/ring';
import { within } from '@wscluster/service';
import { MAX_HEAD_BYTES, MAX_PARSED_LINES } from './admission/check-head.ts';
import { statusOf } from './errors.ts';
import { brokenRequest } from './http/broken-request.ts';
import { ClientTurns } from './http/client-turns.ts';
import { Exchange } from './http/exchange.ts';
import { FrontDoor } from './http/front-door.ts';
import { OneATurn } from './http/one-a-turn.ts';
import type { RequestHead } from './http/request-head.ts';
import { type HttpContext, serveRequest } from './http/serve-request.ts';
import { tuneAccepted, tuneSocket } from './http/tune-socket.ts';
import { NO_BYTES } from './no-bytes.ts';
import type { ConnectionContext } from './relay/client-connection.ts';
import { refuseUpgrade } from './relay/refuse.ts';
import { serveUpgrade } from './relay/serve-upgrade.ts';
import { newRequestId, requestIdOf } from './request-id.ts';
import { Roster } from './roster.ts';

export interface DataPlaneContext extends ConnectionContext, HttpContext {
  onAnswer(status: number, requestId: string): void;
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

export function createDataPlane(context: DataPlaneContext): DataPlane {
  const sockets = new Roster<Socket>();
  /** Of those sockets that speak plain HTTP. */
  const turnsOf = new WeakMap<Socket, ClientTurns>();
  const exchanges = new Roster<Exchange>();
  const heads = new OneATurn();
  let retired = false;
  // How often a request's time is checked. It is fixed here, though the limits may change.
  const checkingMs = Math.min(1_000, Math.ceil(context.limits.requestHeadMs / 4));
  const options = {
    connectionsCheckingInterval: checkingMs,
    maxHeaderSize: MAX_HEAD_BYTES,
    // Checked with the other rules for Host, so that it is refused like anything else.
    requireHostHeader: false,
    // See tuneAccepted.
    noDelay: false,
    // An offer of another protocol (h2c) may be ignored, and any offer in HTTP/1.0 must be; the request is then served
    // as it is (RFC 9110, 7.8).
    shouldUpgradeCallback: (req: IncomingMessage) =>
      req.headers.upgrade?.toLowerCase() === 'websocket' && req.httpVersionMinor > 0,
  };
  const onRequest = (req: IncomingMessage, res: ServerResponse) => {
    turnsOf.get(req.socket)?.add(new Exchange(req, res, requestIdOf(req)));
  };
  const server = createServer(options, onRequest);
  // An expectation other than 100-continue may be ignored (RFC 9110, 10.1.1); Node would answer past the other
  // requests.
  server.on('checkExpectation', onRequest);
  server.maxHeadersCount = MAX_PARSED_LINES;
  const applyLimits = () => {
    const { requestHeadMs, requestMs, keepAliveMs } = context.limits;
    // Node takes the shorter one for the head, whichever it is called.
    server.headersTimeout = requestMs === 0 ? requestHeadMs : Math.min(requestHeadMs, requestMs);
    server.requestTimeout = requestMs;
    server.keepAliveTimeout = keepAliveMs;
  };
  applyLimits();

  const serve = (exchange: Exchange) => {
    const { res, requestId } = exchange;
    exchanges.add(exchange);
    res.on('close', () => exchanges.delete(exchange));
    res.on('finish', () => context.onAnswer(res.statusCode, requestId));
    if (retired) res.shouldKeepAlive = false;
    serveRequest(context, exchange, retired ? shuttingDown() : undefined).catch((error: unknown) => {
      context.onBug('request-failed', error);
      res.destroy();
    });
  };
  /** `exchange`: the one in whose body it happened, if it did. */
  const breakOff = (socket: Duplex, error: Error, exchange: Exchange | undefined) => {
    const refusal = brokenRequest(error, context.limits, exchange !== undefined);
    if (exchange !== undefined) {
      exchange.cancel(refusal);
      return;
    }
    // Once it is answered, further data is dropped; the socket has ended by then.
    if (!socket.writable) return;
    const requestId = newRequestId();
    context.onAnswer(statusOf(refusal), requestId);
    context.onRefusal(refusal, requestId);
    refuseUpgrade(socket, refusal, requestId);
  };
  server.on('clientError', (error, socket) => {
    const turns = turnsOf.get(socket as Socket);
    if (turns === undefined) socket.destroy();
    else turns.break(error);
  });
  // One function for all sockets, since every idle connection holds its listeners.
  function forget(this: Socket): void {
    sockets.delete(this);
  }
  /** Node's own listener, with which a socket becomes one of HTTP. */
  const [beginHttp] = server.listeners('connection') as [(this: Server, socket: Socket) => void];
  server.removeAllListeners('connection');
  const door = new FrontDoor(heads, {
    onUpgrade: (head, socket) => upgrade(head, socket, NO_BYTES),
    onHttp(socket) {
      beginHttp.call(server, socket);
      const turns = new ClientTurns(socket, heads, {
        onTurn: serve,
        onBroken: (error) => breakOff(socket, error, turns.current),
      });
      turnsOf.set(socket, turns);
    },
  });
  let areTuned = false;
  server.on('listening', () => {
    areTuned = tuneAccepted(server);
    const sweeps = setInterval(() => door.sweep(), checkingMs).unref();
    server.on('close', () => clearInterval(sweeps));
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
    door.enter(socket);
  });
  // Accepting fails when no file descriptor is left; what is open goes on.
  server.on('error', (error) => context.onAcceptFailed(error));

  /** The connection is no longer HTTP. Returns what has arrived behind the head, or undefined if it cannot go on. */
  const leaveHttp = (socket: Socket, head: Buffer): Buffer | undefined => {
    const turns = turnsOf.get(socket);
    turnsOf.delete(socket);
    const behind = turns?.detach() ?? NO_BYTES;
    // Behind the body of a request that is not answered yet, whose answer would get into the WebSocket: only a body
    // whose end the parser alone has found.
    if (turns?.current !== undefined) {
      socket.destroy();
      return undefined;
    }
    return behind.length === 0 ? head : Buffer.concat([head, behind]);
  };
  const upgrade = (req: RequestHead, socket: Socket, behind: Buffer) => {
    const requestId = requestIdOf(req);
    if (retired) {
      context.onUpgrade('SHUTTING_DOWN', requestId);
      refuseUpgrade(socket, shuttingDown(), requestId);
    } else serveUpgrade(context, req, socket, behind, requestId);
  };
  server.on('upgrade', (req, socket: Socket, head) => {
    const behind = leaveHttp(socket, head);
    if (behind === undefined) context.onUpgrade('REQUEST_INVALID', requestIdOf(req));
    else upgrade(req, socket, behind);
  });
  server.on('connect', (req, socket: Socket, head) => {
    if (leaveHttp(socket, head) === undefined) return;
    const requestId = requestIdOf(req);
    const refusal = new WsClusterError('REQUEST_INVALID', 'a gateway opens no tunnels', { field: 'method' });
    context.onAnswer(statusOf(refusal), requestId);
    context.onRefusal(refusal, requestId);
    refuseUpgrade(socket, refusal, requestId);
  });
  return {
    server,
    sockets,
    applyLimits,
    retire: () => {
      retired = true;
      for (const { res } of exchanges) res.shouldKeepAlive = false;
    },
    async answered(ms) {
      const all = [...exchanges].map(({ res }) => new Promise<void>((resolve) => res.once('close', () => resolve())));
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
