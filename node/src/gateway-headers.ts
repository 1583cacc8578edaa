import { canonicalKey, type Revision, revisionSchema } from '@wscluster/ring';
import type { Requested } from './api.ts';

/** What a gateway tells a node about a request or an upgrade. */
export interface Routed {
  /** The key that the request was routed by; undefined on a route without a key, and without a gateway. */
  readonly key: string | undefined;
  /** The ring revision that the gateway routed by. */
  readonly revision: Revision | undefined;
  /** The owner of the key changed a moment ago, so its clients may still be reconnecting. */
  readonly settling: boolean;
  /** The request came from a client, through a gateway, and not from the controller or another node. */
  readonly forwarded: boolean;
  /** The node from which the connection has moved; undefined if it is a new one. */
  readonly movedFrom: string | undefined;
  /** That node died, and its state with it. */
  readonly stateLost: boolean;
}

/**
 * Reads the headers that gateways add, and never pass on from clients: X-WsCluster-Key (percent-encoded),
 * X-WsCluster-Revision (`epoch.version`), X-WsCluster-Settling (`1`), Forwarded, X-WsCluster-Migrated-From
 * (percent-encoded), X-WsCluster-State (`lost`). What no gateway would send counts as missing: whoever reaches a node
 * past the gateways shall not be able to make it throw.
 */
export function readRouted(request: Requested): Routed {
  return {
    key: parseKey(single(request, 'x-wscluster-key')),
    revision: parseRevision(single(request, 'x-wscluster-revision')),
    settling: single(request, 'x-wscluster-settling') === '1',
    forwarded: request.headers.forwarded !== undefined,
    movedFrom: parseNode(single(request, 'x-wscluster-migrated-from')),
    stateLost: single(request, 'x-wscluster-state') === 'lost',
  };
}

/** Node joins several headers of one name by a comma, which no value of ours has. */
function single({ headers }: Requested, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' && !value.includes(',') ? value : undefined;
}

function parseKey(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return canonicalKey(text);
  } catch {
    return undefined;
  }
}

function parseNode(text: string | undefined): string | undefined {
  try {
    return text && decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function parseRevision(text: string | undefined): Revision | undefined {
  const match = /^(\d+)\.(\d+)$/.exec(text ?? '');
  return revisionSchema.safeParse({ epoch: Number(match?.[1]), version: Number(match?.[2]) }).data;
}
