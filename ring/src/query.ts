import { WsClusterError } from './errors.ts';

/**
 * The raw value of a parameter of a query string (without `?`), for canonicalKey. Names are decoded, since nodes decode
 * them too: an encoded name must not hide a second value. Throws KEY_MISSING when it is not there, and KEY_INVALID when
 * it is there twice, since gateway and node could then disagree about which one counts.
 */
export function rawQueryValue(query: string, name: string): string {
  const values: string[] = [];
  for (const pair of query.split('&')) {
    const at = pair.indexOf('=');
    if (decodedName(at < 0 ? pair : pair.slice(0, at)) === name) values.push(at < 0 ? '' : pair.slice(at + 1));
  }
  return theOnlyValue(values, `query parameter ${name}`);
}

/** Of the values that a request gives for its key, the one there may be. `what` names their place in errors. */
export function theOnlyValue(values: readonly string[], what: string): string {
  if (values.length > 1) throw new WsClusterError('KEY_INVALID', `the ${what} must be there once`, { field: 'key' });
  const [value] = values;
  if (value === undefined)
    throw new WsClusterError('KEY_MISSING', `the request must have the ${what}`, { field: 'key' });
  return value;
}

/** What cannot be decoded is another name. */
function decodedName(name: string): string {
  if (!name.includes('%')) return name;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}
