import type { IncomingMessage } from 'node:http';
import { encodeKey, formatRevision, type Revision } from '@wscluster/ring';

/**
 * Lower-case names that only a gateway may set: what a client sends under them never reaches a node. Backends that fold
 * `_` and `-` into one name, as CGI has it, must not be fooled either.
 */
export function isReservedHeader(name: string): boolean {
  const folded = name.replaceAll('_', '-');
  return folded.startsWith('x-wscluster-') || FORWARDED_HEADERS.has(folded);
}

/** Replaced by the gateway, which keeps what an earlier proxy wrote into them. */
const FORWARDED_HEADERS = new Set([
  'x-forwarded-for',
  'x-forwarded-proto',
  'x-forwarded-host',
  'forwarded',
  'x-request-id',
]);

/** What the gateway tells the owner about a request, beside what the client sent. */
export function ownerHeaders(
  req: IncomingMessage,
  key: string,
  revision: Revision,
  requestId: string,
): [name: string, value: string][] {
  const { headers } = req;
  const from = clientAddress(req);
  const host = headers.host ?? '';
  // A load balancer that ends TLS has said https already.
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
