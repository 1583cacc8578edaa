import type { IncomingMessage } from 'node:http';
import { type KeySource, rawQueryValue, theOnlyValue, WsClusterError } from '@wscluster/ring';

/**
 * The raw key of a request from its query, a header or a cookie. Throws KEY_MISSING if it is missing, and KEY_INVALID
 * if it is given twice, since gateway and node could disagree about which one counts.
 */
export function readKey(source: KeySource, req: IncomingMessage, query: string): string {
  if (source.query !== undefined) return rawQueryValue(query, source.query);
  if (source.header !== undefined)
    return theOnlyValue(headerValues(req.rawHeaders, source.header), `header ${source.header}`);
  if (source.cookie !== undefined)
    return theOnlyValue(cookieValues(req.rawHeaders, source.cookie), `cookie ${source.cookie}`);
  throw new WsClusterError('INTERNAL', 'a route has no key source');
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

/** A cookie's value may be in double quotes, which are not part of it (RFC 6265, 4.1.1). */
function unquoted(value: string): string {
  return value.length >= 2 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value;
}
