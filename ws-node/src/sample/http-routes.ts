import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Connections } from '../connections.ts';
import type { Readiness } from '../drain.ts';
import type { RingView } from '../ring-view.ts';
import { answerError, answerJson, HttpError } from './http-answer.ts';
import { asText, readBody } from './read-body.ts';
import { refuseLost } from './refuse-lost.ts';
import { lastSegment, pathOf, requestKey } from './request-key.ts';

export interface NodeContext {
  readonly id: string;
  readonly connections: Connections;
  readonly readiness: Readiness;
  /** Undefined if the node does not follow a ring. */
  readonly view: RingView | undefined;
  /** Milliseconds for which a push waits for a client that is reconnecting. */
  readonly settleMs: number;
}

type Handler = (req: IncomingMessage, res: ServerResponse) => void | Promise<void>;
type Methods = { readonly [method in 'GET' | 'POST']?: Handler };

/**
 * The node's HTTP API. `send` and `whoami` also work below other paths, since gateways pass on the whole path of a
 * route.
 */
export function httpRoutes(node: NodeContext): RequestListener {
  const { id, connections, readiness } = node;
  const byPath = new Map<string, Methods>([
    ['/healthz', { GET: (_, res) => void res.end('ok\n') }],
    ['/readyz', { GET: (_, res) => void res.writeHead(readiness.status).end(`${readiness.state}\n`) }],
    [
      '/count',
      { GET: (_, res) => answerJson(res, { node: id, connections: connections.size, keys: connections.keys }) },
    ],
  ]);
  const byLastSegment = new Map<string, Methods>([
    ['send', { POST: (req, res) => push(node, req, res) }],
    ['whoami', { GET: (req, res) => whoAmI(node, req, res) }],
  ]);

  function find(req: IncomingMessage): Handler {
    const url = req.url ?? '/';
    const methods = byPath.get(pathOf(url)) ?? byLastSegment.get(lastSegment(url) ?? '');
    if (methods === undefined)
      throw new HttpError(404, 'NOT_FOUND', 'try /count, /send, /whoami, /healthz or /readyz, or open a WebSocket');
    const handler = methods[(req.method === 'HEAD' ? 'GET' : req.method) as keyof Methods];
    if (handler !== undefined) return handler;
    const allow = Object.keys(methods).join(', ');
    throw new HttpError(405, 'REQUEST_INVALID', `${pathOf(url)} allows ${allow}`, { allow });
  }

  async function serve(req: IncomingMessage, res: ServerResponse): Promise<void> {
    try {
      await find(req)(req, res);
    } catch (error) {
      answerError(req, res, error);
    }
  }
  return (req, res) => void serve(req, res);
}

function whoAmI({ id, view }: NodeContext, req: IncomingMessage, res: ServerResponse): void {
  const routed = requestKey(req);
  if (routed !== undefined) refuseLost(view, routed);
  answerJson(res, { node: id, key: routed?.key ?? null });
}

/**
 * Pushes the body to the connections of the request's key. A lost key is not refused: its clients stay here until the
 * gateways have moved them.
 */
async function push(node: NodeContext, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const to = requestKey(req);
  if (to === undefined) throw new HttpError(400, 'KEY_MISSING', 'name the receiver: ?userId=<userId>');
  const body = await readBody(req);
  const data = req.headers['content-type'] === 'application/octet-stream' ? body : asText(body);
  if (to.settling) await arrival(node, to.key, res);
  answerJson(res, { node: node.id, key: to.key, sent: node.connections.send(to.key, data) });
}

/**
 * Waits until the key has a connection here, for at most `settleMs` and no longer than the caller waits for the answer.
 */
async function arrival(node: NodeContext, key: string, res: ServerResponse): Promise<void> {
  const gone = new AbortController();
  const timer = setTimeout(() => gone.abort(), node.settleMs);
  res.once('close', () => gone.abort());
  await node.connections.when((connections) => connections.has(key), gone.signal);
  clearTimeout(timer);
}
