import type { IncomingMessage } from 'node:http';
import { canonicalKey, type Revision, revisionSchema, WsClusterError } from '@wscluster/ring';

/** What a gateway tells a node about a request or an upgrade. */
export interface Routed {
  /** The key that the request was routed by. */
  readonly key: string;
  /**
   * The ring revision that the gateway routed by. An application that needs a single writer for a key stores it with
   * what it writes, and refuses lower revisions. Undefined if the gateway did not say.
   */
  readonly revision: Revision | undefined;
  /** The owner of the key changed a moment ago, so its clients may still be reconnecting. */
  readonly settling: boolean;
}

/**
 * Reads the headers that gateways add, and never pass on from clients: X-WsCluster-Key (percent-encoded),
 * X-WsCluster-Revision (`epoch.version`), X-WsCluster-Settling (`1`). Returns undefined if the request did not come
 * through a gateway, or by a route without a key. Throws KEY_INVALID or REQUEST_INVALID naming the header.
 */
export function readRouted(req: IncomingMessage): Routed | undefined {
  const key = single(req, 'X-WsCluster-Key');
  if (key === undefined) return undefined;
  return {
    key: canonicalKey(key),
    revision: parseRevision(single(req, 'X-WsCluster-Revision')),
    settling: single(req, 'X-WsCluster-Settling') === '1',
  };
}

function single(req: IncomingMessage, name: string): string | undefined {
  const values = req.headersDistinct[name.toLowerCase()] ?? [];
  if (values.length <= 1) return values[0];
  throw new WsClusterError('REQUEST_INVALID', `the header ${name} must not be given more than once`, { field: name });
}

function parseRevision(text: string | undefined): Revision | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+)\.(\d+)$/.exec(text);
  const revision = revisionSchema.safeParse({ epoch: Number(match?.[1]), version: Number(match?.[2]) });
  if (revision.success) return revision.data;
  const field = 'X-WsCluster-Revision';
  throw new WsClusterError('REQUEST_INVALID', `the header ${field} must be epoch.version, not "${text}"`, { field });
}
