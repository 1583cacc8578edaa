import { encodeKey, formatRevision, type Revision } from '@wscluster/ring';
import type { RequestHead } from '../http/request-head.ts';
import { forwardedHeaders, originOf } from './origin.ts';
import type { TrustedProxies } from './trusted-proxies.ts';

const RESERVED: ReadonlySet<string> = new Set(['forwarded', 'x-real-ip', 'x-request-id']);
const RESERVED_PREFIXES = ['x-wscluster-', 'x-forwarded-'];
/** No name of RESERVED is as long. */
const TOLD_APART = 13;

/**
 * Whether only a gateway may set the header (name in lower case); a node never gets it from a client. `_` counts as
 * `-`, since some backends do not tell them apart, as in CGI.
 */
export function isReservedHeader(name: string): boolean {
  const begin = name.slice(0, TOLD_APART).replaceAll('_', '-');
  return RESERVED.has(begin) || RESERVED_PREFIXES.some((prefix) => begin.startsWith(prefix));
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
