import type { IncomingMessage } from 'node:http';
import { canonicalKey, REVISION_ZERO, type Revision, rawQueryValue, WsClusterError } from '@wscluster/ring';
import { readRouted } from '../gateway-headers.ts';

export interface RequestKey {
  readonly key: string;
  /** Undefined if a gateway chose this node without a key: no other node owns what it serves. */
  readonly revision: Revision | undefined;
  readonly settling: boolean;
}

/**
 * The key of a request: from the gateway, or without a gateway from the query parameter userId. Undefined if there is
 * none. Throws KEY_INVALID.
 */
export function requestKey(req: IncomingMessage): RequestKey | undefined {
  const routed = readRouted(req);
  if (routed !== undefined) return { ...routed, revision: routed.revision ?? REVISION_ZERO };
  return unrouted(req, queryUserId(req.url ?? '/'));
}

/** Like requestKey, but without a gateway and a userId it is the last segment of the path. Throws KEY_MISSING. */
export function connectionKey(req: IncomingMessage): RequestKey {
  const found = requestKey(req) ?? unrouted(req, lastSegment(req.url ?? '/'));
  if (found !== undefined) return found;
  throw new WsClusterError('KEY_MISSING', 'connect to /<userId>, or with ?userId=<userId>', { field: 'key' });
}

/** The path without its query. */
export function pathOf(url: string): string {
  return url.split('?', 1)[0] as string;
}

export function lastSegment(url: string): string | undefined {
  return pathOf(url).split('/').at(-1) || undefined;
}

function unrouted(req: IncomingMessage, raw: string | undefined): RequestKey | undefined {
  if (raw === undefined) return undefined;
  const direct = req.headers['x-wscluster-revision'] === undefined;
  return { key: canonicalKey(raw), revision: direct ? REVISION_ZERO : undefined, settling: false };
}

function queryUserId(url: string): string | undefined {
  try {
    return rawQueryValue(url.slice(pathOf(url).length + 1), 'userId');
  } catch (error) {
    if (error instanceof WsClusterError && error.code === 'KEY_MISSING') return undefined;
    throw error;
  }
}
