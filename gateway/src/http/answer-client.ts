import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { WsClusterError } from '@wscluster/ring';
import { refusalOf } from '../errors.ts';
import { endsHere } from '../route/hop-headers.ts';

/**
 * Passes the owner's answer on as it arrives; Node frames the body for the client anew. Rejects if either side
 * disconnects; both are destroyed then.
 */
export async function passAnswer(answer: IncomingMessage, res: ServerResponse): Promise<void> {
  writeAnswerHead(answer, res);
  await pipeline(answer, res);
}

/** Without the headers that end at this hop. */
export function writeAnswerHead(answer: IncomingMessage, res: ServerResponse): void {
  const headers: string[] = [];
  const raw = answer.rawHeaders;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i] as string;
    if (!endsHere(name.toLowerCase(), answer.headers.connection)) headers.push(name, raw[i + 1] as string);
  }
  res.sendDate = false;
  res.writeHead(answer.statusCode ?? 502, answer.statusMessage, headers);
}

/** Answers with an error of the gateway itself. */
export function refuseRequest(res: ServerResponse, error: WsClusterError, requestId: string): void {
  const { status, headers, body } = refusalOf(error, requestId);
  res.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body);
}
