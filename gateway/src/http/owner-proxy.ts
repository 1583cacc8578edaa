import { Agent, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { createProxyServer } from 'http-proxy-3';
import { KEEP_ALIVE_MS, type Limits } from '../limits.ts';
import type { Owner } from '../table/table.ts';
import { isEventStream } from './event-stream.ts';
import type { RequestBody } from './request-body.ts';

/** How an attempt to send a request to an owner ended. */
export type Attempt =
  /** The head of the answer has arrived; the body is still to come. */
  | { readonly kind: 'answered'; readonly answer: IncomingMessage }
  /**
   * `unsent`: no byte of the request can have reached the owner. `stale`: a connection that was kept from an earlier
   * request broke, most likely because the owner had just closed it.
   */
  | { readonly kind: 'failed'; readonly error: WsClusterError; readonly unsent: boolean; readonly stale: boolean };

/** Sends requests to owners over connections that are kept and reused. */
export interface OwnerProxy {
  send(
    req: IncomingMessage,
    res: ServerResponse,
    owner: Owner,
    headers: Readonly<Record<string, string>>,
    body: RequestBody,
  ): Promise<Attempt>;
  close(): void;
}

interface Sending {
  request: ClientRequest | undefined;
  /** The connection was not established in time, so nothing was sent. */
  connectTimedOut: boolean;
  settle(attempt: Attempt): void;
}

/** `limits`: returns the limits in force when a request is sent. */
export function createOwnerProxy(limits: () => Limits): OwnerProxy {
  // Shorter than a node's default of 5 s, which it also announces in Keep-Alive, so that the node does not close first.
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 256, timeout: 4_000, keepAliveMsecs: KEEP_ALIVE_MS });
  const proxy = createProxyServer({ agent, toProxy: true, selfHandleResponse: true });
  /** The proxy's events refer to the answer to the client, not to the attempt. */
  const sendings = new WeakMap<ServerResponse, Sending>();

  proxy.on('proxyReq', (request, _req, res, _options, socket) => {
    const sending = sendings.get(res);
    if (sending === undefined) return;
    sending.request = request;
    watch(sending, request, socket, limits());
  });
  proxy.on('proxyRes', (answer, _req, res) => {
    if (isEventStream(answer)) answer.socket.setTimeout(limits().eventStreamMs);
    sendings.get(res)?.settle({ kind: 'answered', answer });
  });
  // The client reset the connection: there is nobody left to answer.
  proxy.on('econnreset', (error, _req, res) => sendings.get(res)?.settle(failure(error, undefined)));

  return {
    send(req, res, owner, headers, body) {
      return new Promise((settle) => {
        const sending: Sending = { request: undefined, connectTimedOut: false, settle };
        sendings.set(res, sending);
        const { host, port } = owner.address;
        const target = { protocol: 'http:', host, port };
        const held = body.kind === 'held' ? Readable.from(body.bytes.length === 0 ? [] : [body.bytes]) : undefined;
        proxy.web(req, res, { target, headers, ...(held && { buffer: held }) }, (error) =>
          settle(failure(error, sending)),
        );
      });
    },
    close: () => agent.destroy(),
  };
}

/** Connecting and answering have a time limit each. A body may take any time, but not be silent for too long. */
function watch(sending: Sending, request: ClientRequest, socket: Socket, limits: Limits): void {
  const late = (what: string) => () => request.destroy(new WsClusterError('OWNER_TIMEOUT', what));
  if (socket.connecting) {
    const message = `could not connect to the owner within ${limits.connectMs} ms`;
    const timer = setTimeout(() => {
      sending.connectTimedOut = true;
      late(message)();
    }, limits.connectMs);
    const stop = () => clearTimeout(timer);
    socket.once('connect', stop).once('close', stop);
  }
  request.setTimeout(limits.httpAnswerMs, late(`the owner was silent for ${limits.httpAnswerMs} ms`));
}

function failure(error: Error, sending: Sending | undefined): Attempt {
  const unsent = sending?.connectTimedOut === true;
  if (error instanceof WsClusterError) return { kind: 'failed', error, unsent, stale: false };
  const { syscall } = error as NodeJS.ErrnoException;
  return {
    kind: 'failed',
    error: new WsClusterError('OWNER_UNREACHABLE', `the owner of the key cannot be reached: ${messageOf(error)}`, {
      cause: error,
    }),
    // Host names with several addresses fail with all errors at once.
    unsent: syscall === 'connect' || syscall === 'getaddrinfo' || error instanceof AggregateError,
    stale: sending?.request?.reusedSocket === true,
  };
}
