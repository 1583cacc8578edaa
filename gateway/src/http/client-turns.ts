import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type BodyEnd, chunkedBody, countedBody } from '../relay/body-end.ts';
import type { Exchange } from './exchange.ts';
import type { OneATurn } from './one-a-turn.ts';
import { RequestGate } from './request-gate.ts';

export interface TurnEvents {
  /** It is this request's turn. */
  onTurn(exchange: Exchange): void;
  /** What the client sent after its last request is no request. */
  onBroken(error: Error): void;
}

/** The plain requests of one client connection: one is served at a time, and the next is read when it is answered. */
export class ClientTurns {
  readonly #socket: Socket;
  readonly #events: TurnEvents;
  readonly #gate: RequestGate;
  #current: Exchange | undefined;
  /** Requests in the same piece as the one before them, which are few. */
  readonly #waiting: Exchange[] = [];
  #broken: Error | undefined;

  /** `heads`: of all connections. */
  constructor(socket: Socket, heads: OneATurn, events: TurnEvents) {
    this.#socket = socket;
    this.#events = events;
    const isOpen = () => {
      const body = this.#current !== undefined && !this.#current.req.complete;
      return this.#waiting.length === 0 && this.#broken === undefined && (this.#current === undefined || body);
    };
    this.#gate = new RequestGate(socket, heads, isOpen, () => this.#current?.clientUnseen());
  }

  /** The request whose turn it is. */
  get current(): Exchange | undefined {
    return this.#current;
  }

  add(exchange: Exchange): void {
    this.#gate.headFound(bodyOf(exchange.req));
    if (this.#current === undefined) this.#begin(exchange);
    else this.#waiting.push(exchange);
  }

  /** The parser has given up: within the body of the last request, or after it. */
  break(error: Error): void {
    this.#broken = error;
    if (this.#current === undefined || (this.#waiting.length === 0 && !this.#current.req.complete))
      this.#events.onBroken(error);
  }

  /** The connection is no longer HTTP; returns what has arrived since. */
  detach(): Buffer {
    return this.#gate.detach();
  }

  #begin(exchange: Exchange): void {
    this.#current = exchange;
    exchange.res.on('close', () => {
      this.#current = undefined;
      this.#next();
    });
    this.#events.onTurn(exchange);
    if (this.#gate.unseen) exchange.clientUnseen();
  }

  #next(): void {
    if (this.#socket.destroyed || !this.#socket.writable) return;
    const next = this.#waiting.shift();
    if (next !== undefined) {
      this.#begin(next);
      // The rest of its body.
      this.#gate.feed();
    } else if (this.#broken !== undefined) this.#events.onBroken(this.#broken);
    else this.#gate.feed();
  }
}

function bodyOf({ headers }: IncomingMessage): BodyEnd {
  return headers['transfer-encoding'] === undefined
    ? countedBody(Number(headers['content-length'] ?? 0))
    : chunkedBody();
}
