import { MAX_HEADER_LINES, WsClusterError } from '@wscluster/ring';
import { limitReached } from '../errors.ts';
import type { RequestHead } from '../http/request-head.ts';
import type { Limits } from '../limits.ts';
import { MAX_CONNECTION_NAMES } from '../route/hop-headers.ts';

/** How many elements these lists may have, and what is between them. What is before the first `;` is no parameter. */
const MAX_LISTED = [
  ['connection', 'Connection', ',', MAX_CONNECTION_NAMES, 0, 'headers'],
  ['sec-websocket-protocol', 'Sec-WebSocket-Protocol', ',', 100, 0, 'subprotocols'],
  ['sec-websocket-extensions', 'Sec-WebSocket-Extensions', ',', 100, 0, 'extensions'],
  ['sec-websocket-extensions', 'Sec-WebSocket-Extensions', ';', 100, 1, 'parameters'],
] as const;

/**
 * The largest head that the HTTP parser accepts, fixed when the server is created. It is the largest maxHeaderBytes
 * that a cluster can set; checkHead enforces the actual limit.
 */
export const MAX_HEAD_BYTES = 65_536;

/**
 * With more header lines than this, Node's HTTP parser refuses a head, or in older versions drops those beyond. It is
 * fixed when the server is created. It is more than a cluster can allow, so a request with dropped lines is refused.
 */
export const MAX_PARSED_LINES = MAX_HEADER_LINES + 1;

/** Besides name and value a header line has `: ` and a line end. */
const LINE_EXTRA_BYTES = 4;

/**
 * Throws LIMIT_REACHED if path and query, or the header lines, are longer or more than the limits allow, and
 * REQUEST_INVALID if a list of names has more than it may have, or for a transfer coding other than chunked.
 * Whoever reads the head after this may take time in proportion to its size.
 */
export function checkHead(req: RequestHead, limits: Limits): void {
  if ((req.url ?? '').length > limits.maxPathBytes)
    throw limitReached('maxPathBytes', `path and query must be at most ${limits.maxPathBytes} bytes`);
  const raw = req.rawHeaders;
  const lines = raw.length / 2;
  let bytes = lines * LINE_EXTRA_BYTES;
  for (const text of raw) bytes += text.length;
  if (bytes > limits.maxHeaderBytes) throw headTooLarge(limits);
  if (lines > limits.maxHeaderLines) throw tooManyLines(limits);
  for (const [field, header, separator, most, others, what] of MAX_LISTED)
    if ((req.headers[field] ?? '').split(separator, most + others + 1).length > most + others)
      throw new WsClusterError('REQUEST_INVALID', `${header} must name at most ${most} ${what}`, { field });
  // The owner gets the body in chunks, and would not learn of another coding within them.
  const coding = req.headers['transfer-encoding'];
  if (coding !== undefined && (coding.toLowerCase() !== 'chunked' || req.httpVersionMinor === 0))
    throw new WsClusterError('REQUEST_INVALID', 'chunked is the only transfer coding, and HTTP/1.0 has none', {
      field: 'transfer-encoding',
    });
}

export function headTooLarge(limits: Limits): WsClusterError {
  return limitReached('maxHeaderBytes', `the header lines must be at most ${limits.maxHeaderBytes} bytes`);
}

export function tooManyLines(limits: Limits): WsClusterError {
  return limitReached('maxHeaderLines', `a request must have at most ${limits.maxHeaderLines} header lines`);
}
