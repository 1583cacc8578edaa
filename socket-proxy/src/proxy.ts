import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { messageOf, WsClusterError } from '@wscluster/ring';
import type { Logger } from '@wscluster/service';
import { allowedCall } from './calls.ts';
import { containerToCreate } from './created-container.ts';
import type { Engine } from './engine.ts';
import { MANAGED } from './managed.ts';
import { isManaged, shownInspection, shownList } from './shown-containers.ts';

/** Limit of a create request's body, bytes; its environment and labels are written by people. */
const BODY_LIMIT = 256 * 1024;

const STATUS: Partial<Record<WsClusterError['code'], number>> = {
  REQUEST_INVALID: 403,
  LIMIT_REACHED: 413,
  SOURCE_UNAVAILABLE: 502,
};

/**
 * Passes a controller's calls to the engine, and the engine's answers back. Refuses everything else with 403, too large
 * a body with 413, and answers 502 if the engine cannot be reached; each with a `message`, like the engine's own.
 */
export function socketProxy(engine: Engine, log: Logger): RequestListener {
  return (req, res) => {
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    answer(engine, req, res, gone.signal).catch((error: unknown) => {
      // If the client is gone, nobody needs an answer; an answer that has begun can only be broken off.
      if (res.headersSent || gone.signal.aborted) {
        res.destroy();
        return;
      }
      const code = error instanceof WsClusterError ? error.code : 'INTERNAL';
      // An unavailable engine is logged once, where it is watched.
      if (code !== 'SOURCE_UNAVAILABLE')
        log.warn(
          {
            event: 'call-refused',
            method: req.method,
            url: req.url,
            error,
            action: 'see what sends it: no controller does',
          },
          messageOf(error),
        );
      res.setHeader('connection', 'close');
      send(res, STATUS[code] ?? 500, { message: `the socket proxy: ${messageOf(error)}` });
    });
  };
}

async function answer(engine: Engine, req: IncomingMessage, res: ServerResponse, gone: AbortSignal): Promise<void> {
  const call = allowedCall(req.method ?? '', req.url ?? '');
  if (call === undefined) throw refusal(`no controller calls ${req.method} ${req.url}`);
  const { kind, method, path, container } = call;
  if (kind === 'inspect' || kind === 'manage') {
    const found = await engine.ask({ method: 'GET', path: `/containers/${container}/json` }, gone);
    if (found.statusCode !== 200) return await pass(found, res);
    const inspected = shownInspection(await json(found));
    if (kind === 'inspect') return send(res, 200, inspected);
    if (!isManaged(inspected))
      throw refusal(`${method} ${path} needs a container with the label ${MANAGED.label}=${MANAGED.value}`);
  }
  // No other body is passed on: the engine would take parameters from a form.
  const body = kind === 'create' ? containerToCreate(await bodyOf(req)) : undefined;
  const answered = await engine.ask({ method, path, body }, gone);
  if (kind === 'list' && answered.statusCode === 200) send(res, 200, shownList(await json(answered)));
  else await pass(answered, res);
}

async function pass(from: IncomingMessage, res: ServerResponse): Promise<void> {
  res.statusCode = from.statusCode ?? 502;
  for (const name of ['content-type', 'content-length']) {
    const value = from.headers[name];
    if (value !== undefined) res.setHeader(name, value);
  }
  // A stream of events may be silent for long.
  res.flushHeaders();
  await pipeline(from, res);
}

function send(res: ServerResponse, status: number, body: object): void {
  res.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

async function bodyOf(req: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // The connection is still needed for the refusal.
  for await (const chunk of req.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > BODY_LIMIT) throw new WsClusterError('LIMIT_REACHED', `a container of more than ${BODY_LIMIT} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function refusal(message: string): WsClusterError {
  return new WsClusterError('REQUEST_INVALID', message);
}
