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

/** The names that a Connection header may list; what it lists beyond them is ignored. */
export const MAX_CONNECTION_NAMES = 100;

/**
 * Tells whether a header (lower-case) of a message with this Connection header ends at this hop: by its nature, or
 * because Connection names it. Make one per message, since the Connection header is read only here.
 */
export function hopHeaders(connection: string | undefined): (name: string) => boolean {
  if (connection === undefined) return (name) => HOP_HEADERS.has(name);
  const named = new Set(
    connection
      .toLowerCase()
      .split(',', MAX_CONNECTION_NAMES)
      .map((name) => name.trim()),
  );
  return (name) => HOP_HEADERS.has(name) || (named.has(name) && !NEVER_NAMED.has(name));
}
