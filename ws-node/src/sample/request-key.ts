import type { IncomingMessage } from 'node:http';
import { canonicalKey, rawQueryValue, WsClusterError } from '@wscluster/ring';

/** The key that a request names without a gateway: its query parameter userId. Throws KEY_INVALID. */
export function queryKey(req: IncomingMessage): string | undefined {
  const url = req.url ?? '/';
  try {
    return canonicalKey(rawQueryValue(url.slice(pathOf(url).length + 1), 'userId'));
  } catch (error) {
    if (error instanceof WsClusterError && error.code === 'KEY_MISSING') return undefined;
    throw error;
  }
}

/** Like queryKey, but without a userId it is the last segment of the path. Throws KEY_MISSING. */
export function connectionKey(req: IncomingMessage): string {
  const key = queryKey(req);
  if (key !== undefined) return key;
  const last = lastSegment(req.url ?? '/');
  if (last !== undefined) return canonicalKey(last);
  throw new WsClusterError('KEY_MISSING', 'connect to /<userId>, or with ?userId=<userId>', { field: 'key' });
}

/** The path without its query. */
export function pathOf(url: string): string {
  return url.split('?', 1)[0] as string;
}

export function lastSegment(url: string): string | undefined {
  return pathOf(url).split('/').at(-1) || undefined;
}
