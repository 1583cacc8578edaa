/** Lower-case names of the headers that end at one hop (RFC 9110, 7.6.1), in requests and answers. */
const HOP_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'upgrade',
  'keep-alive',
  'proxy-connection',
  'proxy-authorization',
  'proxy-authenticate',
  'te',
  'trailer',
  'transfer-encoding',
  'http2-settings',
]);

/** Headers that a message needs, even if its Connection header names them. */
const NEVER_NAMED: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding']);

/** Whether a header (lower-case) ends at this hop: by its nature, or because the Connection header names it. */
export function endsHere(name: string, connection: string | undefined): boolean {
  if (HOP_HEADERS.has(name)) return true;
  if (connection === undefined || NEVER_NAMED.has(name)) return false;
  return connection.split(',').some((token) => token.trim().toLowerCase() === name);
}
