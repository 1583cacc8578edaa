import type { IncomingMessage } from 'node:http';
import type { WsClusterError } from '@wscluster/ring';
import { limitReached } from '../errors.ts';
import type { Limits } from '../limits.ts';

/**
 * The largest head that the HTTP parser accepts, fixed when the server is created. It is the largest maxHeaderBytes
 * that a cluster can set; checkHead enforces the actual limit.
 */
export const MAX_HEAD_BYTES = 65_536;

/** Besides name and value a header line has `: ` and a line end. */
const LINE_EXTRA_BYTES = 4;

/** Throws LIMIT_REACHED if path and query, or the header lines, are longer than the limits allow. */
export function checkHead(req: IncomingMessage, limits: Limits): void {
  if ((req.url ?? '').length > limits.maxPathBytes)
    throw limitReached('maxPathBytes', `path and query must be at most ${limits.maxPathBytes} bytes`);
  const raw = req.rawHeaders;
  let bytes = (raw.length / 2) * LINE_EXTRA_BYTES;
  for (const text of raw) bytes += text.length;
  if (bytes > limits.maxHeaderBytes) throw headTooLarge(limits);
}

export function headTooLarge(limits: Limits): WsClusterError {
  return limitReached('maxHeaderBytes', `the header lines must be at most ${limits.maxHeaderBytes} bytes`);
}
