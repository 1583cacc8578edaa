import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { WsNode } from '@wscluster/node';
import { answerError, answerJson, HttpError } from '@wscluster/service';
import { lastSegment, pathOf, queryKey } from './request-key.ts';

type Handler = (req: IncomingMessage, res: ServerResponse) => void | Promise<void>;
type Methods = { readonly [method in 'GET' | 'POST']?: Handler };

/**
 * The sample's HTTP API. `send` and `whoami` also work below other paths, since gateways pass on the whole path of a
 * route. Only the library reads `/readyz`, and a `/send` of the controller's.
 */
export function httpRoutes(node: WsNode): RequestListener {
  const keyOf = (req: IncomingMessage) => node.keyOf(req) ?? queryKey(req);
  const byPath = new Map<string, Methods>([
    [
      '/healthz',
      {
        GET: (_, res) => {
          res.end('ok\n');
        },
      },
    ],
    ['/count', { GET: (_, res) => answerJson(res, { node: node.id, connections: node.connections, keys: node.keys }) }],
  ]);
  const byLastSegment = new Map<string, Methods>([
    ['send', { POST: (req, res) => node.answerPush(req, res, keyOf(req)) }],
    ['whoami', { GET: (req, res) => answerJson(res, { node: node.id, key: keyOf(req) ?? null }) }],
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
  return (req, res) => {
    serve(req, res).catch(() => res.destroy());
  };
}
