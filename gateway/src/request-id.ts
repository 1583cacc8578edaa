import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Visible ASCII, so that it can stand in any header, log and command line as it is. */
const USABLE = /^[\x21-\x7e]{1,128}$/;

/**
 * By what one request is found in the answers and logs of all that it passes: the X-Request-Id that it came with, or a
 * new UUID when it has none that is 1 to 128 visible ASCII characters (two of them are none).
 */
export function requestIdOf(req: IncomingMessage): string {
  const given = req.headers['x-request-id'];
  return typeof given === 'string' && USABLE.test(given) ? given : newRequestId();
}

/** For what never became a request. */
export function newRequestId(): string {
  return randomUUID();
}
