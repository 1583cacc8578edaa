import type { IncomingMessage } from 'node:http';
import type { WsClusterError } from '@wscluster/ring';
import { limitReached } from '../errors.ts';
import type { Limits } from '../limits.ts';

/**
 * The most that the HTTP parser takes for a head, fixed when the server is made: the upper end of what a cluster can set
 * as maxHeaderBytes, which is held to here.
 */
export const MAX_HEAD_BYTES = 65_536;

/** A header line has `: ` and a line end beside name and value. */
const LINE_EXTRA_BYTES = 4;

/** Throws LIMIT_REACHED when path and query, or the header lines, are longer than the limits allow. */
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
