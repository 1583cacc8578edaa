import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { WsClusterError } from '@wscluster/ring';
import { within } from '@wscluster/service';
import { statusOf } from '../errors.ts';
import { NO_BYTES } from '../no-bytes.ts';
import { refuseUpgrade } from '../relay/refuse.ts';
import { newRequestId, requestIdOf } from '../request-id.ts';
import { Roster } from '../roster.ts';
import { brokenRequest } from './broken-request.ts';
import { ClientTurns } from './client-turns.ts';
import { Exchange } from './exchange.ts';
import type { OneATurn } from './one-a-turn.ts';
import { type HttpContext, serveRequest } from './serve-request.ts';

export interface PlainHttpContext extends HttpContext {
  onAnswer(status: number, requestId: string): void;
  /** An error that nobody expected. `event`: its name in the log. */
  onBug(event: string, error: unknown): void;
}

/** Those sockets of a server that speak plain HTTP, and their requests: one at a time of each socket. */
export class PlainHttp {
  readonly #context: PlainHttpContext;
  readonly #server: Server;
  readonly #heads: OneATurn;
  /** Node's own listener, with which a socket becomes one of HTTP. */
  readonly #adopt: (this: Server, socket: Socket) => void;
  readonly #turnsOf = new WeakMap<Socket, ClientTurns>();
  readonly #exchanges = new Roster<Exchange>();
  #retired = false;

  /** From now on the server does nothing with its sockets but for those that `begin` is given. */
  constructor(server: Server, heads: OneATurn, context: PlainHttpContext) {
    this.#context = context;
    this.#server = server;
    this.#heads = heads;
    [this.#adopt] = server.listeners('connection') as [(this: Server, socket: Socket) => void];
    server.removeAllListeners('connection');
    const onRequest = (req: IncomingMessage, res: ServerResponse) => {
      this.#turnsOf.get(req.socket)?.add(new Exchange(req, res, requestIdOf(req)));
    };
    server.on('request', onRequest);
    // An expectation other than 100-continue may be ignored (RFC 9110, 10.1.1); Node would answer past the other
    // requests.
    server.on('checkExpectation', onRequest);
    server.on('clientError', (error, socket) => {
      const turns = this.#turnsOf.get(socket as Socket);
      if (turns === undefined) socket.destroy();
      else turns.break(error);
    });
  }

  /** New requests get SHUTTING_DOWN. */
  get retired(): boolean {
    return this.#retired;
  }

  begin(socket: Socket): void {
    this.#adopt.call(this.#server, socket);
    const turns = new ClientTurns(socket, this.#heads, {
      onTurn: (exchange) => this.#serve(exchange),
      onBroken: (error) => this.#breakOff(socket, error, turns.current),
    });
    this.#turnsOf.set(socket, turns);
  }

  /** The connection is no longer HTTP. Returns what has arrived behind the head, or undefined if it cannot go on. */
  leave(socket: Socket, head: Buffer): Buffer | undefined {
    const turns = this.#turnsOf.get(socket);
    this.#turnsOf.delete(socket);
    const behind = turns?.detach() ?? NO_BYTES;
    // Behind the body of a request that is not answered yet, whose answer would get into the WebSocket: only a body
    // whose end the parser alone has found.
    if (turns?.current !== undefined) {
      socket.destroy();
      return undefined;
    }
    return behind.length === 0 ? head : Buffer.concat([head, behind]);
  }

  /** Answers past the parser with an error of the gateway itself, and closes. */
  refuse(socket: Duplex, refusal: WsClusterError, requestId: string): void {
    this.#context.onAnswer(statusOf(refusal), requestId);
    this.#context.onRefusal(refusal, requestId);
    refuseUpgrade(socket, refusal, requestId);
  }

  /** From now on answers end their connections, and new requests on kept connections get SHUTTING_DOWN. */
  retire(): void {
    this.#retired = true;
    for (const { res } of this.#exchanges) res.shouldKeepAlive = false;
  }

  /** Resolves when the requests in progress are answered, after at most `ms`. */
  async answered(ms: number): Promise<void> {
    const closed = ({ res }: Exchange) => new Promise<void>((resolve) => res.once('close', () => resolve()));
    await within(ms, Promise.all([...this.#exchanges].map(closed)));
  }

  #serve(exchange: Exchange): void {
    const { res, requestId } = exchange;
    this.#exchanges.add(exchange);
    res.on('close', () => this.#exchanges.delete(exchange));
    res.on('finish', () => this.#context.onAnswer(res.statusCode, requestId));
    if (this.#retired) res.shouldKeepAlive = false;
    serveRequest(this.#context, exchange, this.#retired ? shuttingDown() : undefined).catch((error: unknown) => {
      this.#context.onBug('request-failed', error);
      res.destroy();
    });
  }

  /** `exchange`: the one in whose body it happened, if it did. */
  #breakOff(socket: Duplex, error: Error, exchange: Exchange | undefined): void {
    const refusal = brokenRequest(error, this.#context.limits, exchange !== undefined);
    if (exchange !== undefined) exchange.cancel(refusal);
    // Once it is answered, further data is dropped; the socket has ended by then.
    else if (socket.writable) this.refuse(socket, refusal, newRequestId());
  }
}

export function shuttingDown(): WsClusterError {
  return new WsClusterError('SHUTTING_DOWN', 'this gateway is stopping; reconnect');
}
