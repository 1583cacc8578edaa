import type { IncomingMessage } from 'node:http';
import { type KeySource, WsClusterError } from '@wscluster/ring';

/**
 * The raw key of a request from its query, a header or a cookie. Throws KEY_MISSING when it is not there, and
 * KEY_INVALID when it is there twice: gateway and node could then disagree about which one counts.
 */
export function readKey(source: KeySource, req: IncomingMessage, query: string): string {
  if (source.query !== undefined) return only(queryValues(query, source.query), `query parameter ${source.query}`);
  if (source.header !== undefined) return only(headerValues(req.rawHeaders, source.header), `header ${source.header}`);
  if (source.cookie !== undefined) return only(cookieValues(req.rawHeaders, source.cookie), `cookie ${source.cookie}`);
  throw new WsClusterError('INTERNAL', 'a route has no key source');
}

function only(values: readonly string[], what: string): string {
  if (values.length > 1) throw new WsClusterError('KEY_INVALID', `the ${what} must be there once`, { field: 'key' });
  const [value] = values;
  if (value === undefined)
    throw new WsClusterError('KEY_MISSING', `the request must have the ${what}`, { field: 'key' });
  return value;
}

function queryValues(query: string, name: string): string[] {
  const values: string[] = [];
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=');
    if (decodeName(at < 0 ? pair : pair.slice(0, at)) === name) values.push(at < 0 ? '' : pair.slice(at + 1));
  }
  return values;
}

/** Nodes decode names, so an encoded one must not hide a second parameter. What cannot be decoded is another name. */
function decodeName(name: string): string {
  if (!name.includes('%')) return name;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

function headerValues(rawHeaders: readonly string[], name: string): string[] {
  const wanted = name.toLowerCase();
  const values: string[] = [];
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.toLowerCase() === wanted) values.push(rawHeaders[i + 1] as string);
  return values;
}

function cookieValues(rawHeaders: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (const header of headerValues(rawHeaders, 'cookie')) {
    for (const pair of header.split(';')) {
      const at = pair.indexOf('=');
      if (at >= 0 && pair.slice(0, at).trim() === name) values.push(unquoted(pair.slice(at + 1).trim()));
    }
  }
  return values;
}

/** A cookie's value may stand in double quotes, which are not part of it (RFC 6265, 4.1.1). */
function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
