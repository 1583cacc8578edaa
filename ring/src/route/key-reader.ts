import { WsClusterError } from '../errors.ts';
import { canonicalKey, encodeKey, plainKey } from '../key.ts';
import { queryReader, theOnlyValue } from '../query.ts';
import { randomText } from '../random-pool.ts';
import { segmentsOf } from './pattern.ts';
import { cookieReader, headerValues, offeredSubprotocols, type RoutedRequest } from './request.ts';
import type { Key, KeySource } from './schema.ts';

/** A request, taken apart. */
export interface Reading {
  readonly req: RoutedRequest;
  /** Of the path, from index 1 on. */
  readonly segments: readonly string[];
  /** Without `?`. */
  readonly query: string;
}

/** A canonical key, and what goes with the place where it was found. */
export interface FoundKey {
  readonly key: string;
  /** The key is new; the client learns it by this Set-Cookie. */
  readonly setCookie?: string | undefined;
  /** The subprotocol that the key came in, if the node must not see it. */
  readonly subprotocol?: string | undefined;
}

export interface KeyReader {
  /** Where it looks, for errors. */
  readonly what: string;
  /** Undefined if the request has no key there. Throws KEY_INVALID for one that is none, or that is given twice. */
  read(reading: Reading): FoundKey | undefined;
}

/** Compiles where a route finds its key. `path`: the route's template; '' for a prefix. */
export function compileKey(key: Key, path: string): KeyReader {
  if (key.first !== undefined) return firstOf(key.first.map((source) => compileSource(source, path)));
  if (key.all !== undefined) return allOf(key.all.map((source) => compileSource(source, path)));
  return compileSource(key, path);
}

function compileSource(source: KeySource, path: string): KeyReader {
  const { param, query, header, cookie, generate, subprotocol } = source;
  if (cookie !== undefined && generate !== undefined) return generatedCookie(cookie, generate);
  if (subprotocol !== undefined) return subprotocolReader(subprotocol);
  if (param !== undefined) return plain(`segment ${param}`, paramReader(param, path));
  if (query !== undefined) {
    const read = queryReader(query);
    return plain(`query parameter ${query}`, (reading) => read(reading.query));
  }
  if (header !== undefined) {
    const what = `header ${header}`;
    return plain(what, ({ req }) => theOnlyValue(headerValues(req.rawHeaders, header), what));
  }
  if (cookie !== undefined) {
    const what = `cookie ${cookie}`;
    const read = cookieReader(cookie);
    return plain(what, ({ req }) => theOnlyValue(read(req.rawHeaders), what));
  }
  throw new WsClusterError('INTERNAL', 'a route has no key source');
}

function plain(what: string, raw: (reading: Reading) => string | undefined): KeyReader {
  return {
    what: `the ${what}`,
    read: (reading) => {
      const text = raw(reading);
      return text === undefined ? undefined : { key: canonicalKey(text) };
    },
  };
}

function paramReader(name: string, path: string): (reading: Reading) => string | undefined {
  const segments = segmentsOf(path);
  const index = segments.findIndex((segment) => segment.kind !== 'literal' && segment.name === name);
  const at = index + 1;
  if (segments[index]?.kind === 'rest') return (reading) => reading.segments.slice(at).join('/');
  return (reading) => reading.segments[at];
}

function subprotocolReader({ prefix, remove = false }: NonNullable<KeySource['subprotocol']>): KeyReader {
  const what = `subprotocol ${prefix}<key>`;
  return {
    what: `the ${what}`,
    read: ({ req }) => {
      const offered = offeredSubprotocols(req.rawHeaders).filter((one) => one.startsWith(prefix));
      const found = theOnlyValue(offered, what);
      if (found === undefined) return undefined;
      // The gateway may have to send it back to the client.
      if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(found))
        throw new WsClusterError('KEY_INVALID', 'a subprotocol must be a token (RFC 9110, 5.6.2)', { field: 'key' });
      return { key: canonicalKey(found.slice(prefix.length)), ...(remove && { subprotocol: found }) };
    },
  };
}

/** A cookie that is empty or damaged is replaced; a client could not mend it. */
function generatedCookie(name: string, { maxAge, secure = false, sameSite = 'Lax' }: Generate): KeyReader {
  const attributes = [
    ...['Path=/', 'HttpOnly', `SameSite=${sameSite}`],
    ...(maxAge === undefined ? [] : [`Max-Age=${maxAge}`]),
    ...(secure ? ['Secure'] : []),
  ].join('; ');
  const sentIn = cookieReader(name);
  return {
    what: `the cookie ${name}`,
    read: ({ req }) => {
      const sent = theOnlyValue(sentIn(req.rawHeaders), `cookie ${name}`);
      const known = sent === undefined ? undefined : keyIn(sent);
      if (known !== undefined) return { key: known };
      // OPTIONS goes to any node: browsers send no cookies with preflights, and take none from the answers.
      if (req.method === 'OPTIONS') return undefined;
      const key = randomText(16, 'base64url');
      return { key, setCookie: `${name}=${key}; ${attributes}` };
    },
  };
}
type Generate = NonNullable<KeySource['generate']>;

function keyIn(raw: string): string | undefined {
  try {
    return canonicalKey(raw);
  } catch {
    return undefined;
  }
}

function firstOf(readers: readonly KeyReader[]): KeyReader {
  return {
    what: `one of: ${readers.map(({ what }) => what).join(', ')}`,
    read: (reading) => {
      for (const reader of readers) {
        const found = reader.read(reading);
        if (found !== undefined) return found;
      }
      return undefined;
    },
  };
}

/** Each part is percent-encoded, so that the slash between them is in none of them. */
function allOf(readers: readonly KeyReader[]): KeyReader {
  return {
    what: readers.map(({ what }) => what).join(' and '),
    read: (reading) => {
      const parts: FoundKey[] = [];
      for (const reader of readers) {
        const found = reader.read(reading);
        if (found === undefined) return undefined;
        parts.push(found);
      }
      return {
        key: plainKey(parts.map(({ key }) => encodeKey(key)).join('/')),
        setCookie: parts.find(({ setCookie }) => setCookie !== undefined)?.setCookie,
        subprotocol: parts.find(({ subprotocol }) => subprotocol !== undefined)?.subprotocol,
      };
    },
  };
}
