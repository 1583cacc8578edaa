import { filledPath, type Key, type KeySource, type Route } from '@wscluster/ring';

/**
 * What the sample backend (ws-node) serves over HTTP, by the last segment of the path; all other paths are WebSockets.
 */
const SAMPLE_HTTP: ReadonlyMap<string, string> = new Map([
  ['send', 'curl -d hello'],
  ['whoami', 'curl'],
]);

/** In words: where requests of a route carry their key. */
export function keyPlace({ key }: Route): string {
  if (key.none !== undefined) return 'no key: any ready node';
  if (key.node !== undefined) return `node in ${sourcePlace(key.node)}`;
  if (key.first !== undefined) return `key in ${key.first.map(sourcePlace).join(', or ')}`;
  if (key.all !== undefined) return `key in ${key.all.map(sourcePlace).join(' and ')}`;
  return `key in ${sourcePlace(key)}`;
}

function sourcePlace(source: KeySource): string {
  if (source.query !== undefined) return `the query parameter ${source.query}`;
  if (source.header !== undefined) return `the header ${source.header}`;
  if (source.cookie !== undefined) return `the cookie ${source.cookie}`;
  if (source.subprotocol !== undefined) return `the subprotocol ${source.subprotocol.prefix}<key>`;
  return `the path, {${source.param}}`;
}

/**
 * Shell commands for a client of `key` on a route, through the gateway at `gateway` (host:port). For a user's own
 * backend it is unknown what the route serves: then there is one for a WebSocket and one for plain HTTP, as far as the
 * route serves them. A named node is `ID`.
 */
export function routeSamples(route: Route, client: string, gateway: string, backend: 'sample' | 'own'): string[] {
  const key = route.key.node === undefined ? client : 'ID';
  const target = gateway + pathFor(route, key);
  const headers = headersFor(route, key).map((header) => ` -H ${quoted(header)}`);
  const offers = sourcesOf(route.key).map(({ subprotocol }) =>
    subprotocol ? ` -s ${quoted(subprotocol.prefix + encodeURIComponent(key))}` : '',
  );
  const webSocket = `npx wscat -c ${quoted(`ws://${target}`)}${headers.join('')}${offers.join('')}`;
  const { protocol, methods = ['GET'] } = route;
  const method = methods.includes('GET') ? '' : ` -X ${methods[0]}`;
  const http = (curl: string) => `${curl} ${quoted(`http://${target}`)}${headers.join('')}`;
  if (backend === 'own')
    return [
      ...(protocol === 'http' || method !== '' ? [] : [webSocket]),
      ...(protocol === 'websocket' ? [] : [http(`curl -i${method}`)]),
    ];
  const curl = SAMPLE_HTTP.get((route.path ?? '').split('/').at(-1) ?? '');
  return [curl === undefined ? webSocket : http(curl)];
}

/** Sources that are enough for a request. */
function sourcesOf(key: Key): readonly KeySource[] {
  if (key.none !== undefined) return [];
  return key.all ?? key.first?.slice(0, 1) ?? [key.node ?? key];
}

/** Placeholders other than that of the key are filled with their own names. */
function pathFor({ path, prefix, key }: Route, value: string): string {
  const sources = sourcesOf(key);
  const encoded = encodeURIComponent(value);
  const filled = path
    ? filledPath(path, (name) => (sources.some(({ param }) => param === name) ? encoded : name))
    : (prefix ?? '/');
  const query = sources.flatMap(({ query: name }) =>
    name === undefined ? [] : [`${encodeURIComponent(name)}=${encoded}`],
  );
  return query.length === 0 ? filled : `${filled}?${query.join('&')}`;
}

function headersFor({ key }: Route, value: string): string[] {
  const encoded = encodeURIComponent(value);
  return sourcesOf(key).flatMap(({ header, cookie }) => {
    if (header !== undefined) return [`${header}: ${encoded}`];
    return cookie === undefined ? [] : [`Cookie: ${cookie}=${encoded}`];
  });
}

/** Quoted as one word for a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
