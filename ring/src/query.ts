import { WsClusterError } from './errors.ts';

/**
 * The raw value of a parameter of a query string (without `?`), for canonicalKey; undefined if it is missing. Names are
 * decoded, since nodes decode them too: an encoded name must not hide a second value. Throws KEY_INVALID if it is given
 * twice.
 */
export function queryValue(query: string, name: string): string | undefined {
  const values: string[] = [];
  const wanted = bytesOf(encodeURIComponent(name));
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=');
    if (bytesOf(at < 0 ? pair : pair.slice(0, at)) === wanted) values.push(at < 0 ? '' : pair.slice(at + 1));
  }
  return theOnlyValue(values, `query parameter ${name}`);
}

/** As queryValue, but throws KEY_MISSING if it is missing. */
export function rawQueryValue(query: string, name: string): string {
  const value = queryValue(query, name);
  if (value === undefined) throw keyMissing(`the query parameter ${name}`);
  return value;
}

/**
 * The only value that a request gives for its key; undefined if there is none. Throws KEY_INVALID for several, since
 * gateway and node could disagree about which one counts. `what` says in errors where it was.
 */
export function theOnlyValue(values: readonly string[], what: string): string | undefined {
  if (values.length > 1)
    throw new WsClusterError('KEY_INVALID', `the ${what} must not be given more than once`, { field: 'key' });
  return values[0];
}

export function keyMissing(what: string): WsClusterError {
  return new WsClusterError('KEY_MISSING', `the request must have ${what}`, { field: 'key' });
}

/** Decodes the escapes, one character a byte. Unlike decodeURIComponent it never throws, which takes its time. */
function bytesOf(encoded: string): string {
  if (!encoded.includes('%')) return encoded;
  return encoded.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
