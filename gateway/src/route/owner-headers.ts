import { encodeKey, formatRevision, type Revision } from '@wscluster/ring';
import type { RequestHead } from '../http/request-head.ts';
import { forwardedHeaders, originOf } from './origin.ts';
import type { TrustedProxies } from './trusted-proxies.ts';

/**
 * Whether only a gateway may set the header (name in lower case); a node never gets it from a client. `_` counts as
 * `-`, since some backends do not tell them apart, as in CGI.
 */
export function isReservedHeader(name: string): boolean {
  const folded = name.replaceAll('_', '-');
  return /^(x-wscluster-.*|x-forwarded-.*|forwarded|x-real-ip|x-request-id)$/.test(folded);
}

export interface OwnerHeaders {
  /** '' if the request has none. */
  readonly key: string;
  /** Of the ring that names the owner. */
  readonly revision: Revision;
  readonly requestId: string;
  readonly trusted: TrustedProxies;
}

/** The headers that the gateway adds to a request for the owner. */
export function ownerHeaders(
  req: RequestHead,
  { key, revision, requestId, trusted }: OwnerHeaders,
): [name: string, value: string][] {
  return [
    ...(key === '' ? [] : [['X-WsCluster-Key', encodeKey(key)] as [string, string]]),
    ['X-WsCluster-Revision', formatRevision(revision)],
    ['X-Request-Id', requestId],
    ...forwardedHeaders(originOf(clientAddress(req), req.headers, trusted)),
  ];
}

function clientAddress(req: RequestHead): string {
  const address = req.socket.remoteAddress ?? 'unknown';
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}
