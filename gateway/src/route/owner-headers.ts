import type { IncomingMessage } from 'node:http';
import { encodeKey, formatRevision, type Revision } from '@wscluster/ring';

/**
 * Whether only a gateway may set the header (name in lower case); a node never gets it from a client. `_` counts as
 * `-`, since some backends do not tell them apart, as in CGI.
 */
export function isReservedHeader(name: string): boolean {
  const folded = name.replaceAll('_', '-');
  return folded.startsWith('x-wscluster-') || FORWARDED_HEADERS.has(folded);
}

/** Headers that the gateway extends: it keeps what earlier proxies wrote into them. */
const FORWARDED_HEADERS = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'forwarded',
  'x-request-id',
]);

/** The headers that the gateway adds to a request for the owner. */
export function ownerHeaders(
  req: IncomingMessage,
  key: string,
  revision: Revision,
  requestId: string,
): [name: string, value: string][] {
  const { headers } = req;
  const from = clientAddress(req);
  const host = headers.host ?? '';
  // A load balancer that terminates TLS has already set https.
  const proto = joined(headers['x-forwarded-proto']) ?? 'http';
  const hop = `for=${from.includes(':') ? `"[${from}]"` : from};host="${host.replace(/["\\]/g, '\\$&')}";proto=http`;
  return [
    ['X-WsCluster-Key', encodeKey(key)],
    ['X-WsCluster-Revision', formatRevision(revision)],
    ['X-Forwarded-For', append(headers['x-forwarded-for'], from)],
    ['X-Forwarded-Proto', proto],
    ['X-Forwarded-Host', joined(headers['x-forwarded-host']) ?? host],
    ['Forwarded', append(headers.forwarded, hop)],
    ['X-Request-Id', requestId],
  ];
}

function clientAddress(req: IncomingMessage): string {
  const address = req.socket.remoteAddress ?? 'unknown';
  return address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
}

function append(before: string | string[] | undefined, value: string): string {
  const kept = joined(before);
  return kept === undefined ? value : `${kept}, ${value}`;
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
