import type { IncomingHttpHeaders } from 'node:http';
import type { TrustedProxies } from './trusted-proxies.ts';

/** Where a request comes from, as far as the gateway believes it. */
export interface Origin {
  /** Addresses, the client's first, then the proxies that it went through; the last one has connected to the gateway. */
  readonly addresses: readonly string[];
  /** Of the client's own request: `http` or `https`. */
  readonly proto: string;
  /** Host of the client's own request. */
  readonly host: string;
}

/**
 * Believes the forwarded headers of a trusted proxy, and nothing of anybody else. Of what several proxies wrote, the
 * trusted ones are followed from the gateway outwards: the first address that is not one of them is the client, whatever
 * it claims about others. X-Forwarded-* counts before Forwarded: proxies that set the former pass on the latter as they
 * got it.
 */
export function originOf(peer: string, headers: IncomingHttpHeaders, trusted: TrustedProxies): Origin {
  const host = headers.host ?? '';
  const direct = { addresses: [peer], proto: 'http', host };
  if (!trusted.trusts(peer)) return direct;
  const claims = claimsOf(headers);
  const stranger = claims.addresses.findLastIndex((address) => !trusted.trusts(address));
  const addresses = claims.addresses.slice(Math.max(0, stranger));
  // One value for each proxy, or one in all.
  const ofClient = (values: readonly string[]) => values.at(-addresses.length) ?? values[0];
  return {
    addresses: [...addresses, peer],
    proto: matching(ofClient(claims.protos)?.toLowerCase(), PROTO) ?? direct.proto,
    host: matching(ofClient(claims.hosts), HOST) ?? direct.host,
  };
}

/** The forwarded headers for the node. Both families say the same, each element of Forwarded too. */
export function forwardedHeaders({ addresses, proto, host }: Origin): [name: string, value: string][] {
  const element = (address: string) => `for=${quotedNode(address)};host=${quoted(host)};proto=${proto}`;
  return [
    ['X-Forwarded-For', addresses.join(', ')],
    ['X-Forwarded-Proto', proto],
    ['X-Forwarded-Host', host],
    ['Forwarded', addresses.map(element).join(', ')],
  ];
}

interface Claims {
  readonly addresses: readonly string[];
  readonly protos: readonly string[];
  readonly hosts: readonly string[];
}

const PROTO = /^(https?|wss?)$/;
/** A host name, an IPv4 address or an IPv6 address in brackets, with or without a port. */
const HOST = /^([A-Za-z0-9._~%!$&'()*+;=-]+|\[[0-9A-Fa-f:.]+\])(:\d{0,5})?$/;

function claimsOf(headers: IncomingHttpHeaders): Claims {
  const [addresses, protos, hosts] = ['x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host'].map((name) =>
    listed(headers[name]),
  ) as [string[], string[], string[]];
  if (addresses.length + protos.length + hosts.length > 0)
    return { addresses: addresses.map(bareAddress), protos, hosts };
  const elements = elementsOf(headers.forwarded ?? '');
  const all = (name: string) => elements.flatMap((element) => element.get(name) ?? []);
  return { addresses: all('for').map(bareAddress), protos: all('proto'), hosts: all('host') };
}

function listed(value: string | string[] | undefined): string[] {
  const text = Array.isArray(value) ? value.join(',') : (value ?? '');
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** The elements of a Forwarded header (RFC 7239), by lower-case names of their parameters; none when it is malformed. */
function elementsOf(value: string): Map<string, string>[] {
  const elements: Map<string, string>[] = [new Map()];
  const pair = /\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*))\s*([,;]|$)/y;
  while (pair.lastIndex < value.length) {
    const found = pair.exec(value);
    if (found === null) return [];
    const [, name = '', inQuotes, bare = '', end] = found;
    elements.at(-1)?.set(name.toLowerCase(), inQuotes?.replace(/\\(.)/g, '$1') ?? bare);
    if (end === ',') elements.push(new Map());
  }
  return elements;
}

/** Without the brackets and the port that some proxies write. */
function bareAddress(address: string): string {
  const bracketed = /^\[([^\]]*)\](:\d+)?$/.exec(address);
  if (bracketed !== null) return bracketed[1] ?? '';
  return /^[^:]+:\d+$/.test(address) ? address.slice(0, address.indexOf(':')) : address;
}

function matching(value: string | undefined, pattern: RegExp): string | undefined {
  return value !== undefined && pattern.test(value) ? value : undefined;
}

function quotedNode(address: string): string {
  return address.includes(':') ? `"[${address}]"` : /^[\w.-]+$/.test(address) ? address : quoted(address);
}

function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}
