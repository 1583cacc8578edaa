import { WsClusterError } from './errors.ts';

/**
 * Reads the raw value of a parameter of a query string (without `?`), for canonicalKey; undefined if it is missing. An
 * encoded name counts too, since nodes decode it: it must not hide a second value. Throws KEY_INVALID if it is given
 * twice.
 */
export function queryReader(name: string): (query: string) => string | undefined {
  const spelt = [...Buffer.from(name)].map(spellings).join('');
  // One pass by the engine: a query may have thousands of parameters.
  const pattern = new RegExp(`(?:^|&)${spelt}(?:=([^&]*)|(?=&|$))`, 'g');
  return (query) => theOnlyValue(firstTwo(query, pattern), `query parameter ${name}`);
}

/** What the first group of a global pattern matches in a text, twice at most: one is too many then. */
export function firstTwo(text: string, pattern: RegExp): string[] {
  const found: string[] = [];
  for (const [, value = ''] of text.matchAll(pattern)) if (found.push(value) === 2) break;
  return found;
}

/** As a query may have the byte, in a regular expression. */
function spellings(byte: number): string {
  const hex = byte.toString(16).padStart(2, '0');
  const escaped = `%${hex.replace(/[a-f]/g, (digit) => `[${digit}${digit.toUpperCase()}]`)}`;
  const raw = String.fromCharCode(byte);
  if (raw === '&' || raw === '=') return escaped;
  return `(?:${escaped}|\\x${hex}${raw === '%' ? '(?![0-9A-Fa-f]{2})' : ''})`;
}

/** As queryReader, but throws KEY_MISSING if it is missing. */
export function rawQueryValue(query: string, name: string): string {
  const value = queryReader(name)(query);
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
