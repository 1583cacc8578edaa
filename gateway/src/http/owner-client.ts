import { Agent, type ClientRequest, type IncomingMessage, request as startRequest } from 'node:http';
import type { Socket } from 'node:net';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { descriptorsExhausted } from '../errors.ts';
import { KEEP_ALIVE_MS, type Limits } from '../limits.ts';
import { PatientTimer } from '../patient-timer.ts';
import type { Owner } from '../table/table.ts';
import type { Exchange } from './exchange.ts';
import { pump } from './pump.ts';
import { bodySilent, type RequestBody } from './request-body.ts';

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
export interface OwnerClient {
  /** `headers`: names and values in turn. */
  send(exchange: Exchange, body: RequestBody, owner: Owner, headers: string[]): Promise<Attempt>;
  close(): void;
}

/** `limits`: returns the limits in force when a request is sent. */
export function createOwnerClient(limits: () => Limits): OwnerClient {
  // Shorter than a node's default of 5 s, which it also announces in Keep-Alive, so that the node does not close first.
  const agent = new Agent({ keepAlive: true, maxFreeSockets: 256, timeout: 4_000, keepAliveMsecs: KEEP_ALIVE_MS });
  return {
    send: (exchange, body, { address }, headers) => {
      const { method, url } = exchange.req;
      const now = limits();
      const request = startRequest({
        agent,
        host: address.host,
        port: address.port,
        method,
        path: url,
        headers,
        maxHeaderSize: now.answerHeadBytes,
        // What is silent for too long is known here; the agent's own limit is for connections that are kept.
        timeout: 0,
      });
      // The head is limited in bytes; with a limit on lines Node would refuse the answer, or in older versions drop
      // the rest.
      request.maxHeadersCount = 0;
      return sent(exchange, request, body, now);
    },
    close: () => agent.destroy(),
  };
}

function sent(exchange: Exchange, request: ClientRequest, body: RequestBody, limits: Limits): Promise<Attempt> {
  return new Promise((resolve) => {
    const clock = new PatientTimer();
    let connectTimedOut = false;
    let settled = false;
    const settle = (attempt: Attempt) => {
      settled = true;
      clock.stop();
      resolve(attempt);
    };
    const late = (what: string) => request.destroy(new WsClusterError('OWNER_TIMEOUT', what));
    const silent = () => late(`the owner was silent for ${limits.httpAnswerMs} ms`);
    const fail = (error: Error) => {
      if (!settled) settle(failure(error, connectTimedOut, request.reusedSocket));
    };

    request.on('response', (answer) => settle({ kind: 'answered', answer }));
    request.on('upgrade', (_answer, socket) => {
      socket.destroy();
      fail(new WsClusterError('OWNER_PROTOCOL', 'the owner switched protocols without being asked to'));
    });
    request.on('error', fail);
    request.on('close', () => settled || fail(new Error('it closed the connection without an answer')));
    request.on('socket', (socket) =>
      limitConnect(socket, limits.connectMs, () => {
        connectTimedOut = true;
        late(`could not connect to the owner within ${limits.connectMs} ms`);
      }),
    );
    exchange.enter((reason) => request.destroy(reason));
    // The owner may answer before it has the whole body, which is of no use any more once the answer has ended.
    exchange.res.once('close', () => request.destroy());

    // The owner's time begins when it has the request; until then the client may be the one that is slow.
    const awaitAnswer = () => {
      if (!settled && limits.httpAnswerMs > 0) clock.start(limits.httpAnswerMs, silent);
    };
    if (body.kind === 'held') {
      request.end(body.bytes);
      awaitAnswer();
      return;
    }
    request.on('finish', awaitAnswer);
    pump(exchange.req, request, {
      silentMs: limits.bodySilenceMs,
      onSilent: () => exchange.cancel(bodySilent(limits.bodySilenceMs)),
      stalledMs: limits.httpAnswerMs,
      onStalled: silent,
    });
  });
}

function limitConnect(socket: Socket, ms: number, onLate: () => void): void {
  if (!socket.connecting) return;
  const timer = new PatientTimer();
  timer.start(ms, onLate);
  const stop = () => timer.stop();
  socket.once('connect', stop).once('close', stop);
}

function failure(error: Error, connectTimedOut: boolean, reused: boolean): Attempt {
  if (error instanceof WsClusterError) return { kind: 'failed', error, unsent: connectTimedOut, stale: false };
  const { code, syscall } = error as NodeJS.ErrnoException;
  const exhausted = descriptorsExhausted(error);
  if (exhausted !== undefined) return { kind: 'failed', error: exhausted, unsent: false, stale: false };
  if (code?.startsWith('HPE_')) {
    const text = `the owner's answer is not HTTP/1.1: ${messageOf(error)}`;
    const wrong = new WsClusterError('OWNER_PROTOCOL', text, { cause: error });
    return { kind: 'failed', error: wrong, unsent: false, stale: false };
  }
  return {
    kind: 'failed',
    error: new WsClusterError('OWNER_UNREACHABLE', `the owner of the key cannot be reached: ${messageOf(error)}`, {
      cause: error,
    }),
    // Host names with several addresses fail with all errors at once.
    unsent: syscall === 'connect' || syscall === 'getaddrinfo' || error instanceof AggregateError,
    stale: reused,
  };
}
