import { WsClusterError } from '@wscluster/ring';
import type { RequestHead } from '../http/request-head.ts';

/** A name or address with an optional port (RFC 3986, 3.2.2, without the comma, which others take for a list). */
const HOST = /^(?:[\w.~%!$&'()*+;=-]*|\[[0-9a-f:.]+\])(?::\d{0,5})?$/i;
/** The longest DNS name, and a port. */
const MAX_HOST_LENGTH = 261;
const ABSOLUTE = /^https?:\/\/([^/?#]*)(.*)$/i;

/** Whether this can be the value of a Host header. It may be empty: a request need not name a host. */
function isHost(value: string): boolean {
  return value.length <= MAX_HOST_LENGTH && HOST.test(value);
}

/**
 * Gives the request the one form in which everybody reads it from here on: its url is path and query (or `*`), and it
 * has exactly one Host. An absolute URL as its target, as proxies send it, is taken apart; its host counts then (RFC
 * 9112, 3.2.2). Throws REQUEST_INVALID for more or less than one Host, except in HTTP/1.0, and for one that is none.
 */
export function normalizeTarget(req: RequestHead): void {
  const refuse = (message: string) => new WsClusterError('REQUEST_INVALID', message, { field: 'host' });
  const raw = req.rawHeaders;
  const at: number[] = [];
  for (let i = 0; i < raw.length; i += 2) if ((raw[i] as string).toLowerCase() === 'host') at.push(i + 1);
  if (at.length > 1) throw refuse('a request must have one Host');
  if (at.length === 0) {
    if (req.httpVersionMinor > 0) throw refuse('a request must have a Host');
    at.push(raw.push('Host', '') - 1);
  }
  const valueAt = at[0] as number;
  if (!isHost(raw[valueAt] as string)) throw refuse('Host must be a host with an optional port');
  const absolute = ABSOLUTE.exec(req.url ?? '');
  if (absolute !== null) {
    const [, host = '', rest = ''] = absolute;
    if (host === '' || !isHost(host)) throw refuse('the host of the request target must be valid');
    raw[valueAt] = host;
    req.url = rest.startsWith('/') ? rest : `/${rest}`;
  }
  req.headers.host = raw[valueAt];
}
