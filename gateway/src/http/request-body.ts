import type { IncomingMessage } from 'node:http';
import { WsClusterError } from '@wscluster/ring';

/** How the body of a request is sent to the owner. */
export type RequestBody =
  /** Completely in memory, so that a refused connect can be retried. Empty for a request without a body. */
  | { readonly kind: 'held'; readonly bytes: Buffer }
  /** Streamed as it arrives, once. */
  | { readonly kind: 'streamed' };

/**
 * Reads the body into memory if its length is known and at most `maxBytes`. Throws REQUEST_INVALID if the client aborts
 * it, or sends a DELETE or OPTIONS with a body of unknown length, which http-proxy-3 would pass on without the body.
 */
export async function readBody(req: IncomingMessage, maxBytes: number): Promise<RequestBody> {
  if (req.headers['transfer-encoding'] !== undefined) {
    if (req.method === 'DELETE' || req.method === 'OPTIONS')
      throw new WsClusterError('REQUEST_INVALID', `the body of a ${req.method} must have a Content-Length`, {
        field: 'content-length',
      });
    return { kind: 'streamed' };
  }
  const length = Number(req.headers['content-length'] ?? 0);
  if (length > maxBytes) return { kind: 'streamed' };
  if (length === 0) return { kind: 'held', bytes: Buffer.alloc(0) };
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of req) chunks.push(chunk as Buffer);
  } catch (cause) {
    throw new WsClusterError('REQUEST_INVALID', 'the request was aborted in its body', { field: 'body', cause });
  }
  return { kind: 'held', bytes: Buffer.concat(chunks) };
}
