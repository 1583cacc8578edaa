import { Agent, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { createProxyServer } from 'http-proxy-3';
import { KEEP_ALIVE_MS, type Limits } from '../limits.ts';
import type { Owner } from '../table/table.ts';
import type { RequestBody } from './request-body.ts';

/** How an attempt at an owner ended. */
export type Attempt =
  /** The head of its answer is there, the body is still to come. */
  | { readonly kind: 'answered'; readonly answer: IncomingMessage }
  /**
   * `unsent`: no byte of the request can have reached the owner. `stale`: a connection kept from an earlier request
   * broke, most likely because the owner had just closed it.
   */
  | { readonly kind: 'failed'; readonly error: WsClusterError; readonly unsent: boolean; readonly stale: boolean };

/** Sends requests to owners over connections that are kept and used again. */
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
  /** The connection did not come about in time, so nothing was sent. */
  connectTimedOut: boolean;
  settle(attempt: Attempt): void;
}

/** `limits`: those in force when a request is sent. */
export function createOwnerProxy(limits: () => Limits): OwnerProxy {
  // Keeps fewer than a node's default of 5 s, which it also names in Keep-Alive: the node is not to close first.
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 256, timeout: 4_000, keepAliveMsecs: KEEP_ALIVE_MS });
  const proxy = createProxyServer({ agent, toProxy: true, selfHandleResponse: true });
  /** The proxy's events name the answer to the client, not the attempt. */
  const sendings = new WeakMap<ServerResponse, Sending>();

  proxy.on('proxyReq', (request, _req, res, _options, socket) => {
    const sending = sendings.get(res);
    if (sending === undefined) return;
    sending.request = request;
    watch(sending, request, socket, limits());
  });
  proxy.on('proxyRes', (answer, _req, res) => sendings.get(res)?.settle({ kind: 'answered', answer }));
  // Client resets: nobody is left to answer.
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

/** Connect and answer each have a time limit; a busy body does not, a silent one does. */
function watch(sending: Sending, request: ClientRequest, socket: Socket, limits: Limits): void {
  const late = (what: string) => () => request.destroy(new WsClusterError('OWNER_TIMEOUT', what));
  if (socket.connecting) {
    const message = `the owner could not be connected within ${limits.connectMs} ms`;
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
    // Names with several addresses fail with all of their errors at once.
    unsent: syscall === 'connect' || syscall === 'getaddrinfo' || error instanceof AggregateError,
    stale: sending?.request?.reusedSocket === true,
  };
}
