import { randomUUID } from 'node:crypto';
import type { RequestHead } from './http/request-head.ts';

/** Visible ASCII, so that it can be used unchanged in any header, log and command line. */
const USABLE = /^[\x21-\x7e]{1,128}$/;

/**
 * The id by which a request can be found in the answers and logs along its way: its X-Request-Id, or a new UUID if it
 * does not have exactly one with 1 to 128 visible ASCII characters.
 */
export function requestIdOf(req: RequestHead): string {
  const given = req.headers['x-request-id'];
  return typeof given === 'string' && USABLE.test(given) ? given : newRequestId();
}

/** For data that never became a request. */
export function newRequestId(): string {
  return randomUUID();
}
