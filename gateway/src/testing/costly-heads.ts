import type { ClusterSettings } from '@wscluster/ring';

/** The head of a GET: its target, and its header lines behind Host. */
export interface Head {
  readonly url: string;
  readonly lines: ReadonlyArray<readonly [name: string, value: string]>;
}

/** Settings by which the gateway looks at all that costly heads have. */
export const COSTLY_SETTINGS: ClusterSettings = {
  routes: [
    { path: '/send', key: { query: 'k' } },
    { path: '/by-cookie', key: { cookie: 'k' } },
    { path: '/by-subprotocol', key: { subprotocol: { prefix: 'k.', remove: true } } },
  ],
  trustedProxies: ['127.0.0.0/8', '10.0.0.0/8'],
};

export interface HeadSize {
  /** Of the header lines, at most. */
  readonly headerBytes: number;
  readonly headerLines: number;
  /** Of path and query, at most. */
  readonly pathBytes: number;
}

/** Heads that are as large as allowed, and cost the gateway as much as anybody has found, by what they are full of. */
export function costlyHeads({ headerBytes, headerLines, pathBytes }: HeadSize): Readonly<Record<string, Head>> {
  // Room for Host, for a short line, and for the path's own text.
  const [bytes, path] = [headerBytes - 200, pathBytes - 40];
  const filled = (text: string, size = bytes) => text.repeat(Math.floor(size / text.length));
  const lines = (count: number, value: string) =>
    Array.from({ length: count }, (_, i) => [`X-${i}`, value] as [string, string]);
  const send = (...all: [string, string][]): Head => ({ url: '/send?k=a', lines: all });
  /** Of a line, so that as many fit as may be. */
  const each = Math.floor(bytes / headerLines) - 12;
  return {
    'tokens in Connection': send(['Connection', filled('a,', bytes / 2)], ...lines(headerLines - 10, 'x')),
    '100 tokens in Connection': send(
      ['Connection', filled(`${'a'.repeat(Math.floor(bytes / 200))},`, bytes / 2)],
      ...lines(headerLines - 10, 'x'),
    ),
    lines: send(...lines(headerLines - 2, 'x'.repeat(each))),
    'lines that are reserved': send(
      ...lines(headerLines - 2, 'x'.repeat(each - 12)).map(([n, v]): [string, string] => [`X-Forwarded-${n}`, v]),
    ),
    'lines of one name': send(...lines(headerLines - 2, 'x'.repeat(each)).map(([, v]): [string, string] => ['X', v])),
    'one long line': send(['X', filled('x')]),
    cookies: { url: '/by-cookie', lines: [['Cookie', `${filled('a;')}k=1`]] },
    'cookies of the same name': { url: '/by-cookie', lines: [['Cookie', filled('k=1;')]] },
    'blanks in a cookie': { url: '/by-cookie', lines: [['Cookie', `${filled(' ')}k=1`]] },
    subprotocols: { url: '/by-subprotocol', lines: [['Sec-WebSocket-Protocol', `${filled('a,')}k.1`]] },
    'subprotocols with keys': { url: '/by-subprotocol', lines: [['Sec-WebSocket-Protocol', filled('k.1,')]] },
    extensions: send(['WsCluster-Mode', 'migrate'], ['Sec-WebSocket-Extensions', filled('a,')]),
    'parameters of extensions': send(
      ['WsCluster-Mode', 'migrate'],
      ['Sec-WebSocket-Extensions', filled('permessage-deflate;a;a;a,')],
    ),
    'parameters of an extension': send(['WsCluster-Mode', 'migrate'], ['Sec-WebSocket-Extensions', `a${filled(';a')}`]),
    '100 subprotocols': {
      url: '/by-subprotocol',
      lines: [['Sec-WebSocket-Protocol', `${filled(`${'a'.repeat(Math.floor(bytes / 100))},`)}k.1`]],
    },
    parameters: { url: `/send?${filled('&', path)}k=1`, lines: [] },
    'broken escapes': { url: `/send?${filled('%&', path)}k=1`, lines: [] },
    'escapes that are no UTF-8': { url: `/send?${filled('%ff&', path)}k=1`, lines: [] },
    'a key of escapes': { url: `/send?k=${filled('%61', Math.min(path, 3_000))}`, lines: [] },
    segments: { url: filled('/a', path), lines: [] },
    dots: { url: filled('/.x', path), lines: [] },
    'trusted addresses': send(['X-Forwarded-For', filled('10.0.0.1,')]),
    'trusted addresses, and a long host': send(
      ['X-Forwarded-For', filled('10.0.0.1,', bytes / 2 - 20)],
      ['X-Forwarded-Host', filled('x', bytes / 2 - 20)],
    ),
    'hosts and schemes': send(
      ['X-Forwarded-For', filled('10.0.0.1,', bytes / 3 - 20)],
      ['X-Forwarded-Host', filled('x,', bytes / 3 - 20)],
      ['X-Forwarded-Proto', filled('http,', bytes / 3 - 20)],
    ),
    'elements in Forwarded': send(['Forwarded', filled('for=a,')]),
    'parameters in Forwarded': send(['Forwarded', `${filled('a=b;')}for=10.0.0.1`]),
    'escapes in Forwarded': send(['Forwarded', `for="${filled('\\a', bytes - 10)}"`]),
    'an open quote in Forwarded': send(['Forwarded', filled('for="\\')]),
    'blanks in Forwarded': send(['Forwarded', `for=a${filled(' ')}x`]),
    underscores: send([filled('x_'), 'x']),
  };
}

/** As it is sent. */
export function textOf({ url, lines }: Head): string {
  const all = [['Host', 'x'], ...lines].map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${url} HTTP/1.1\r\n${all.join('')}\r\n`;
}
