import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { refusalOf } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { endClient } from '../relay/refuse.ts';
import { hopHeaders } from '../route/hop-headers.ts';
import type { Exchange } from './exchange.ts';
import { pump } from './pump.ts';

/** Statuses whose answers have no body, and must not have its length (RFC 9110, 8.6). */
const WITHOUT_LENGTH = new Set([204, 205]);

/** An owner's answer, and what the gateway adds to it. */
export interface PassedAnswer {
  readonly answer: IncomingMessage;
  readonly setCookie: string | undefined;
}

/**
 * Passes the owner's answer on as it arrives; Node frames the body for the client anew. Resolves when it is sent, or
 * either side has broken off; both are destroyed then. Throws OWNER_PROTOCOL if its head cannot be passed on.
 */
export function passAnswer(exchange: Exchange, passed: PassedAnswer, limits: Limits): Promise<void> {
  const { res } = exchange;
  const { answer } = passed;
  writeAnswerHead(passed, res);
  return new Promise((resolve) => {
    const breakOff = () => res.destroy();
    answer.on('error', breakOff).on('close', () => !answer.complete && breakOff());
    res.on('close', () => {
      answer.destroy();
      resolve();
    });
    exchange.enter(breakOff);
    // Node would keep the head until there is some of the body, which may be late.
    const headAlone = setImmediate(() => res.flushHeaders());
    const together = () => clearImmediate(headAlone);
    answer.once('data', together).once('end', together).once('close', together);
    pump(answer, res, {
      silentMs: limits.httpAnswerMs,
      onSilent: breakOff,
      stalledMs: limits.stallMs,
      onStalled: breakOff,
    });
  });
}

/**
 * Without the headers that end at this hop. Throws OWNER_PROTOCOL, with nothing written, for what no client can read.
 */
export function writeAnswerHead({ answer, setCookie }: PassedAnswer, res: ServerResponse): void {
  const { rawHeaders, statusCode = 0, statusMessage } = answer;
  const coding = answer.headers['transfer-encoding'];
  // The gateway has not asked for any other, and would pass on what it does not understand.
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    throw new WsClusterError('OWNER_PROTOCOL', `the owner's answer has the transfer coding ${coding}`);
  const endsHere = hopHeaders(answer.headers.connection);
  const headers = setCookie === undefined ? [] : ['Set-Cookie', setCookie];
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string;
    const lower = name.toLowerCase();
    if (endsHere(lower) || (lower === 'content-length' && WITHOUT_LENGTH.has(statusCode))) continue;
    headers.push(name, rawHeaders[i + 1] as string);
  }
  try {
    res.sendDate = false;
    res.writeHead(statusCode, statusMessage, headers);
  } catch (cause) {
    res.sendDate = true;
    throw new WsClusterError('OWNER_PROTOCOL', `the owner's answer cannot be passed on: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** Answers with an error of the gateway itself. If the request is still arriving, it also ends the connection. */
export function refuseRequest({ req, res, requestId }: Exchange, error: WsClusterError): void {
  const { status, headers, body } = refusalOf(error, requestId);
  if (!req.complete) {
    res.shouldKeepAlive = false;
    // Node would reset the connection under the rest of the request, and the client might never read the answer.
    req.socket.destroySoon = () => endClient(req.socket, '');
  }
  // A failed attempt to write another head has left its reason phrase behind.
  res.writeHead(status, STATUS_CODES[status], { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}

/** Once it is answered: the rest of a request's body has nobody who wants it, and the next request is behind it. */
export function endUnreadRequest({ req, res }: Exchange): void {
  const { socket } = req;
  if (!req.complete && socket.writable && res.writableFinished) endClient(socket, '');
}
