import type { IncomingMessage, ServerResponse } from 'node:http';
import { answerError, answerJson, HttpError } from '@wscluster/service';
import type { Connections } from './connections.ts';
import { readRouted } from './gateway-headers.ts';
import { asText, readBody } from './read-body.ts';

export interface PushContext {
  readonly id: string;
  readonly connections: Connections;
  readonly settleMs: number;
}

/** Sends the body of a request to the WebSockets of the key here, and answers with their number, or with the error. */
export async function answerPush(
  { id, connections, settleMs }: PushContext,
  request: IncomingMessage,
  response: ServerResponse,
  key: string | undefined,
): Promise<void> {
  try {
    if (key === undefined) throw new HttpError(400, 'KEY_MISSING', 'the request names no receiver');
    const body = await readBody(request);
    const data = request.headers['content-type'] === 'application/octet-stream' ? body : asText(body);
    if (readRouted(request).settling) await arrival(connections, key, settleMs, response);
    answerJson(response, { node: id, key, sent: connections.send(key, data) });
  } catch (error) {
    answerError(request, response, error);
  }
}

/** Waits until the key has a WebSocket here, for at most `settleMs` and no longer than the caller waits. */
async function arrival(connections: Connections, key: string, settleMs: number, res: ServerResponse): Promise<void> {
  const gone = new AbortController();
  const timer = setTimeout(() => gone.abort(), settleMs);
  res.once('close', () => gone.abort());
  await connections.when((now) => now.has(key), gone.signal);
  clearTimeout(timer);
}
