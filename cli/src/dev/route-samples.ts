import type { Route } from '@wscluster/ring';

/**
 * What the sample backend (ws-node) serves over HTTP, by the last segment of the path; all other paths are WebSockets.
 */
const SAMPLE_HTTP: ReadonlyMap<string, string> = new Map([
  ['send', 'curl -d hello'],
  ['whoami', 'curl'],
]);

/** In words: where requests of a route carry their key. */
export function keyPlace({ key }: Route): string {
  if (key.query !== undefined) return `key in the query parameter ${key.query}`;
  if (key.header !== undefined) return `key in the header ${key.header}`;
  if (key.cookie !== undefined) return `key in the cookie ${key.cookie}`;
  return `key in the path, {${key.param}}`;
}

/**
 * Shell commands for a client of `key` on a route, through the gateway at `gateway` (host:port). For a user's own
 * backend it is unknown what the route serves: then there is one for a WebSocket and one for plain HTTP.
 */
export function routeSamples(route: Route, key: string, gateway: string, backend: 'sample' | 'own'): string[] {
  const target = gateway + pathFor(route, key);
  const headers = headersFor(route, key).map((header) => ` -H ${quoted(header)}`);
  const webSocket = `npx wscat -c ${quoted(`ws://${target}`)}${headers.join('')}`;
  const http = (curl: string) => `${curl} ${quoted(`http://${target}`)}${headers.join('')}`;
  if (backend === 'own') return [webSocket, http('curl -i')];
  const curl = SAMPLE_HTTP.get(route.path.split('/').at(-1) ?? '');
  return [curl === undefined ? webSocket : http(curl)];
}

/** Placeholders other than that of the key are filled with their own names. */
function pathFor({ path, key }: Route, value: string): string {
  const filled = path.replaceAll(/\{([^}]+)\}/g, (_, name: string) =>
    name === key.param ? encodeURIComponent(value) : name,
  );
  return key.query === undefined ? filled : `${filled}?${encodeURIComponent(key.query)}=${encodeURIComponent(value)}`;
}

function headersFor({ key }: Route, value: string): string[] {
  if (key.header !== undefined) return [`${key.header}: ${encodeURIComponent(value)}`];
  if (key.cookie !== undefined) return [`Cookie: ${key.cookie}=${encodeURIComponent(value)}`];
  return [];
}

/** Quoted as one word for a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
