import type { IncomingHttpHeaders } from 'node:http';
import { isIP } from 'node:net';
import type { TrustedProxies } from './trusted-proxies.ts';

/** Where a request comes from, as far as the gateway believes it. */
export interface Origin {
  /**
   * Addresses, the client's first, then the proxies that it went through; the last one has connected to the gateway.
   */
  readonly addresses: readonly string[];
  /** Of the client's own request: `http`, `https`, `ws` or `wss`. */
  readonly proto: string;
  /** Host of the client's own request. */
  readonly host: string;
}

/**
 * Believes the forwarded headers of a trusted proxy, and nothing of anybody else. Of what several proxies wrote, the
 * trusted ones are followed from the gateway outwards: the first address that is not one of them is the client,
 * whatever it claims about others. X-Forwarded-* counts before Forwarded: proxies that set the former pass on the
 * latter as they got it.
 */
export function originOf(peer: string, headers: IncomingHttpHeaders, trusted: TrustedProxies): Origin {
  const direct = { addresses: [peer], proto: 'http', host: headers.host ?? '' };
  if (!trusted.trusts(peer)) return direct;
  const hops = hopsOf(headers);
  const client = Math.max(
    0,
    hops.findLastIndex(({ address }) => address === undefined || !trusted.trusts(address)),
  );
  const { proto, host } = hops[client] ?? {};
  return {
    addresses: [...hops.slice(client).flatMap(({ address }) => address ?? []), peer],
    proto: matching(proto?.toLowerCase(), PROTO) ?? direct.proto,
    host: matching(host, HOST) ?? direct.host,
  };
}

/**
 * The forwarded headers for the node. Both families say the same: the first and the last element of Forwarded, of which
 * frameworks read one, have the host and the scheme.
 */
export function forwardedHeaders({ addresses, proto, host }: Origin): [name: string, value: string][] {
  const element = (address: string, at: number) => {
    const isRead = at === 0 || at === addresses.length - 1;
    return `for=${quotedNode(address)}${isRead ? `;host=${quoted(host)};proto=${proto}` : ''}`;
  };
  return [
    ['X-Real-IP', addresses[0] ?? UNKNOWN],
    ['X-Forwarded-For', addresses.join(', ')],
    ['X-Forwarded-Proto', proto],
    ['X-Forwarded-Host', host],
    ['Forwarded', addresses.map(element).join(', ')],
  ];
}

/** What a proxy has said of the request that it got. */
interface Hop {
  /** Undefined: it did not say. */
  readonly address: string | undefined;
  readonly proto: string | undefined;
  readonly host: string | undefined;
}

const PROTO = /^(https?|wss?)$/;
/** A host name, an IPv4 address or an IPv6 address in brackets, with or without a port. */
const HOST = /^(?=.{1,261}$)([A-Za-z0-9._~%!$&'()*+;=-]+|\[[0-9A-Fa-f:.]+\])(:\d{0,5})?$/;
/** More proxies than anybody has in a row; what is further out is not looked at. */
const MAX_HOPS = 32;
/** More than these hops can have to say. */
const MAX_PAIRS = 16 * MAX_HOPS;
/** For what is no address, as RFC 7239 has it. */
const UNKNOWN = 'unknown';

/** The client's hop first. */
function hopsOf(headers: IncomingHttpHeaders): readonly Hop[] {
  const [addresses, protos, hosts] = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'].map((name) =>
    listed(headers[name]),
  ) as [string[], string[], string[]];
  if (addresses.length + protos.length + hosts.length === 0) return hopsOfForwarded(headers.forwarded);
  const count = Math.max(1, addresses.length);
  // One value for each proxy, or one in all.
  const valueAt = (values: readonly string[], at: number) => (values.length > 1 ? values.at(at - count) : values[0]);
  return Array.from({ length: count }, (_, at) => ({
    address: addresses[at] === undefined ? undefined : addressIn(addresses[at]),
    proto: valueAt(protos, at),
    host: valueAt(hosts, at),
  }));
}

function hopsOfForwarded(value: string | undefined): readonly Hop[] {
  if (value === undefined) return [];
  const elements = elementsOf(value);
  if (elements === undefined) return [{ address: UNKNOWN, proto: undefined, host: undefined }];
  return elements.slice(-MAX_HOPS).map((element) => ({
    address: addressIn(element.get('for') ?? UNKNOWN),
    proto: element.get('proto'),
    host: element.get('host'),
  }));
}

function listed(value: string | string[] | undefined): string[] {
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .slice(-MAX_HOPS);
}

/**
 * The elements of a Forwarded header (RFC 7239), by lower-case names of their parameters; undefined when it is
 * malformed or far too long.
 */
function elementsOf(value: string): Map<string, string>[] | undefined {
  const elements: Map<string, string>[] = [new Map()];
  const pair = /\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*))\s*([,;]|$)/y;
  for (let pairs = 0; pair.lastIndex < value.length; pairs++) {
    const found = pairs < MAX_PAIRS ? pair.exec(value) : null;
    if (found === null) return undefined;
    const [, name = '', inQuotes, bare = '', end] = found;
    elements.at(-1)?.set(name.toLowerCase(), inQuotes?.replace(/\\(.)/g, '$1') ?? bare);
    if (end === ',') elements.push(new Map());
  }
  return elements;
}

/** The IP address, without the brackets and the port that some proxies write; `unknown` if there is none. */
function addressIn(text: string): string {
  const bracketed = /^\[([^\]]*)\](:\d+)?$/.exec(text);
  const withPort = /^([\d.]+):\d+$/.exec(text);
  const address = (bracketed?.[1] ?? withPort?.[1] ?? text).replace(/^::ffff:(?=\d+\.)/i, '');
  return isIP(address) === 0 ? UNKNOWN : address;
}

function matching(value: string | undefined, pattern: RegExp): string | undefined {
  return value !== undefined && pattern.test(value) ? value : undefined;
}

function quotedNode(address: string): string {
  return address.includes(':') ? `"[${address}]"` : address;
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
