import { WsClusterError } from '@wscluster/ring';
import { headTooLarge, tooManyLines } from '../admission/check-head.ts';
import { limitReached } from '../errors.ts';
import type { Limits } from '../limits.ts';

interface ParserError extends NodeJS.ErrnoException {
  /** What the parser was given last. */
  readonly rawPacket?: Buffer;
}

/** Turns an error of the HTTP parser, or its timeout, into an error for the client. `inBody`: the head was complete. */
export function brokenRequest(error: ParserError, limits: Limits, inBody: boolean): WsClusterError {
  const { code } = error;
  // The code for both limits. Which one it was shows only if the last packet alone has too many lines, as most have.
  if (code === 'HPE_HEADER_OVERFLOW')
    return !inBody && hasMoreLines(error.rawPacket, limits.maxHeaderLines)
      ? tooManyLines(limits)
      : headTooLarge(limits);
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT' && inBody)
    return limitReached('requestSeconds', `the request must arrive within ${limits.requestMs / 1000} s`);
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return limitReached('handshakeSeconds', `the head must arrive within ${limits.requestHeadMs / 1000} s`);
  // The same code also stands for a length beside a coding.
  if (code === 'HPE_INVALID_TRANSFER_ENCODING' && error.message.includes('invalid'))
    return new WsClusterError('REQUEST_INVALID', 'chunked is the only transfer coding', {
      field: 'transfer-encoding',
      cause: error,
    });
  return new WsClusterError('REQUEST_INVALID', 'this is not an HTTP/1.1 request', { field: 'request', cause: error });
}

/** Whether it has more header lines than `most`, below the request line. */
function hasMoreLines(packet: Buffer | undefined, most: number): boolean {
  let at = -1;
  for (let lines = -1; lines <= most; lines++) {
    at = packet?.indexOf('\n', at + 1) ?? -1;
    if (at < 0) return false;
  }
  return true;
}
