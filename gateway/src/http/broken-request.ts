import { WsClusterError } from '@wscluster/ring';
import { headTooLarge } from '../admission/check-head.ts';
import { limitReached } from '../errors.ts';
import type { Limits } from '../limits.ts';

/** Turns an error of the HTTP parser, or its timeout, into an error for the client. */
export function brokenRequest(error: NodeJS.ErrnoException, limits: Limits): WsClusterError {
  if (error.code === 'HPE_HEADER_OVERFLOW') return headTooLarge(limits);
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return limitReached('handshakeSeconds', `the request must arrive within ${limits.requestHeadMs / 1000} s`);
  return new WsClusterError('REQUEST_INVALID', 'this is not an HTTP/1.1 request', { field: 'request', cause: error });
}
