import type { EventEmitter } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Server as TlsServer } from 'node:https';
import type { Duplex } from 'node:stream';

// What users of the library see. It names nothing else of ours, so that the published types stand for themselves.

/** A ring's place in the order of all rings of a cluster: by `epoch`, then by `version`. */
export interface Revision {
  readonly epoch: number;
  readonly version: number;
}

/** Anything with the headers of a request: Node's and Express's request, Fastify's, the handshake of Socket.IO. */
export interface Requested {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** A WebSocket that messages can be sent to, such as one of the package `ws`. */
export interface WebSocketLike {
  /** 1 while it is open. */
  readonly readyState: number;
  /** Bytes that wait to be sent. */
  readonly bufferedAmount: number;
  send(data: string | Uint8Array): void;
  close(code: number, reason: string): void;
}

/** A WebSocket of the package `ws`. */
export interface HandoverSocket extends WebSocketLike {
  send(data: string | Uint8Array): void;
  send(data: string | Uint8Array, options: { binary: boolean; compress: boolean }): void;
  pong(data?: string | Buffer, mask?: boolean, sent?: (error?: Error) => void): void;
  terminate(): void;
  on(event: 'ping', listener: (data: Buffer) => void): this;
  on(event: 'message', listener: (data: unknown) => void): this;
  on(event: 'error', listener: (error: Error) => void): this;
  off(event: 'ping', listener: (data: Buffer) => void): this;
  off(event: 'message', listener: (data: unknown) => void): this;
  off(event: 'error', listener: (error: Error) => void): this;
}

/** A WebSocketServer of the package `ws`, with a server of its own or of the application's, or with none. */
export interface HandoverServer<Socket> {
  handleUpgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    callback: (webSocket: Socket, request: IncomingMessage) => void,
  ): void;
  on(event: 'headers', listener: (headers: string[], request: IncomingMessage) => void): unknown;
}

/** What goes to the next node with a connection: text, or bytes, at most 1 MiB. */
export type State = string | Uint8Array | undefined;

export interface HandoverOptions<Socket> {
  /**
   * Called when a connection is to leave, behind the last message of its client. What the application sends until the
   * result is there still reaches the client; then the connection is closed. Gateways wait for 10 s. If it throws or
   * returns more than 1 MiB, this is logged, and the client is told to reconnect. Default: nothing is handed over.
   */
  readonly state?: ((webSocket: Socket, request: IncomingMessage) => State | Promise<State>) | undefined;
}

/** Where a connection was before. */
export interface Arrival {
  /** Id of the node that had it. */
  readonly from: string;
  /** What that node handed over, as bytes. */
  readonly state: Buffer | undefined;
  /** That node died, with the state and maybe with messages that it had not answered. */
  readonly lost: boolean;
}

/** What logs a line: its fields, then its text. Loggers of pino and Fastify are such logs. */
export interface Log {
  debug(fields: object, text?: string): void;
  info(fields: object, text?: string): void;
  warn(fields: object, text?: string): void;
  error(fields: object, text?: string): void;
}

/** The first message to a client that connects; a client whose connection moves gets none. */
export interface Hello {
  readonly type: 'hello';
  /** Id of the node. */
  readonly node: string;
  readonly key: string;
  /** WebSockets of this node, with this one. */
  readonly connections: number;
  /** The revision that the gateway routed by, `epoch.version`; `0.0` without one. */
  readonly revision: string;
}

/** A text that may change while the process runs, such as a URL whose password is rotated. */
export interface ChangingText {
  readonly value: string;
  /** The file that it comes from, if it comes from one. */
  readonly file: string | undefined;
  /** Calls `listener` after each change. Returns a function that ends this. */
  onChange(listener: () => void): () => void;
}

/** Where the ring of a cluster is found. */
export interface RingAddress {
  readonly cluster: string;
  /** The controller's state folder, for a cluster without brokers. */
  readonly stateDir?: string | undefined;
  /** `amqp://user:password@host:5672/vhost`. Needs the package amqplib, and redisUrl. */
  readonly rabbitmqUrl?: string | ChangingText | undefined;
  /** `redis://user:password@host:6379/0`. Needs the package ioredis, and rabbitmqUrl. */
  readonly redisUrl?: string | ChangingText | undefined;
}

export interface WsNodeOptions {
  /** The application's server. It may be listening already, and may get its handlers before or after this call. */
  readonly server: Server | TlsServer;
  /** The node's id in the ring. Default WSCLUSTER_ID, else the host name, which is what a container needs. */
  readonly id?: string | undefined;
  /**
   * The ring to follow. false: none, so that the node serves every key. Default: that of WSCLUSTER_CLUSTER, by
   * WSCLUSTER_RABBITMQ_URL and WSCLUSTER_REDIS_URL (or files named by the same with _FILE), else by
   * WSCLUSTER_STATE_DIR; none if these are missing.
   */
  readonly ring?: RingAddress | false | undefined;
  /** Path at which the node answers whether it is ready; false: none. Default `/readyz`. */
  readonly readinessPath?: string | false | undefined;
  /** Whether the application can serve now; without it the node is ready until it drains. */
  readonly ready?: (() => boolean | Promise<boolean>) | undefined;
  /**
   * What the node can take, relative to the other nodes of its cluster: 2 gets twice the clients of 1. 0.01 to 1000; a
   * function is asked whenever the controller asks whether the node is ready. The controller follows what changes by a
   * fifth and stays for 10 s. Default: the weight that the cluster sets.
   */
  readonly capacity?: number | (() => number) | undefined;
  /**
   * Path at which the controller and other nodes send to a key, as in spec.nodes.sendPath; false: none. Default
   * `/send`.
   */
  readonly sendPath?: string | false | undefined;
  /** Whether each new client is told first who serves it, as JSON or as the text that is returned. Default false. */
  readonly hello?: boolean | ((hello: Hello) => string) | undefined;
  /** Seconds for which a draining node waits for its clients to move. Default WSCLUSTER_DRAIN_SECONDS, else 60. */
  readonly drainSeconds?: number | undefined;
  /** Seconds for which it keeps accepting in any case, since gateways learn of the drain a moment later. Default 3. */
  readonly lingerSeconds?: number | undefined;
  /** Seconds for which a message through a gateway waits for a client that is reconnecting. Default 5. */
  readonly settleSeconds?: number | undefined;
  /** Default: warnings and errors as lines of JSON on standard error. */
  readonly log?: Log | undefined;
}

export interface WsNodeEvents {
  /**
   * A newer ring gave a key that has clients here to another node; its clients follow within the pace of the cluster.
   * Told once, in a turn of its own: what a listener throws is the application's.
   */
  lost: [key: string];
  /** drain() was called. */
  draining: [];
}

/** A server as a node of a cluster. */
export interface WsNode extends EventEmitter<WsNodeEvents> {
  readonly id: string;
  readonly draining: boolean;
  /** WebSockets that are open. */
  readonly connections: number;
  /** Keys that have a WebSocket. */
  readonly keys: number;

  /** The key that a gateway routed the request by; undefined without a gateway, or on a route without a key. */
  keyOf(request: Requested): string | undefined;

  /**
   * The revision that a gateway routed by. Store it with what you write for the key, and refuse a write with a lower
   * one: that keeps a single writer.
   */
  revisionOf(request: Requested): Revision | undefined;

  /** Whether this node owns the key by the ring that it knows; true while it knows none. Throws KEY_INVALID. */
  owns(key: string): boolean;

  /**
   * Makes a WebSocket known by its key, for push() and the last Close of drain(). `request` is the one that opened it;
   * `key` is the default of keyOf(request). Without a key nothing happens. It is forgotten when its TCP connection
   * ends.
   */
  add(request: IncomingMessage, webSocket: WebSocketLike, key?: string): void;

  /**
   * Lets the connections of a WebSocketServer move with their state, as with `rebalance.mode: migrate`. Call it before
   * the first client connects. The application gets a connection that moves here once the former node has let go of it,
   * by `connection` or the callback of handleUpgrade. Throws CONFIG_INVALID if an argument is wrong.
   */
  handOver<Socket extends HandoverSocket>(webSockets: HandoverServer<Socket>, options?: HandoverOptions<Socket>): void;

  /**
   * Where the connection that `request` opened was before; undefined for a new client. The state is there if its
   * WebSocketServer was given to handOver().
   */
  arrivalOf(request: IncomingMessage): Arrival | undefined;

  /**
   * Sends to all WebSockets of a key: here, or at the node that owns it. A string is sent as text, bytes as binary.
   * Resolves with the number of WebSockets: 0 if the key has none, or its clients are just moving. Rejects with the
   * code KEY_INVALID, OWNER_UNREACHABLE or OWNER_PROTOCOL.
   */
  push(key: string, data: string | Uint8Array): Promise<number>;

  /**
   * Answers a request by sending its body to the WebSockets of the key here: as binary if its type is
   * application/octet-stream, else as text. The answer is `{"node", "key", "sent"}`, or `{"code", "message"}` with 400
   * or 413 (above 1 MiB). If the request comes through a gateway and the client is just moving, it waits for the
   * client. For a route of the application's own; sendPath does the same. Never rejects.
   */
  answerPush(request: IncomingMessage, response: ServerResponse, key?: string): Promise<void>;

  /**
   * Says `draining` to whoever asks whether the node is ready, and serves on until the clients are gone or drainSeconds
   * are over; then stops listening, closes the WebSockets that are left with 1001, and stops following the ring.
   * Resolves after that. Further calls return the same promise.
   */
  drain(): Promise<void>;
}
