import type { IncomingMessage } from 'node:http';
import type { Release } from '@wscluster/ring';
import type { Limits } from '../limits.ts';
import { hopHeaders } from '../route/hop-headers.ts';
import { isReservedHeader } from '../route/owner-headers.ts';
import { changedAfter, lastChange, type Table } from '../table/table.ts';

/** Methods whose requests need a length even if they have no body (RFC 9110, 8.6). */
const WITH_BODY = new Set(['POST', 'PUT', 'PATCH']);

/**
 * The headers of the request to the owner, names and values in turn: those of the gateway, and then the client's in
 * their order, without those that end at this hop or that only a gateway may set. The gateway's come first since some
 * backends read only so many lines.
 */
export function requestHeaders(
  { headers, rawHeaders, method = '' }: IncomingMessage,
  added: ReadonlyArray<readonly [name: string, value: string]>,
): string[] {
  const endsHere = hopHeaders(headers.connection);
  const lines = added.flat();
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] as string).toLowerCase();
    // This gateway has already answered `expect`.
    if (name === 'expect' || endsHere(name) || isReservedHeader(name)) continue;
    lines.push(rawHeaders[i] as string, rawHeaders[i + 1] as string);
  }
  if (headers['transfer-encoding'] !== undefined) lines.push('Transfer-Encoding', 'chunked');
  else if (headers['content-length'] === undefined && WITH_BODY.has(method)) lines.push('Content-Length', '0');
  return lines;
}

/**
 * Whether the slot's owner is new, or its clients have yet to move to it. They are about to reconnect then, and a node
 * without a client for the key may wait a little for it.
 */
export function isSettling(table: Table, slot: number, release: Release | undefined, limits: Limits): boolean {
  if (performance.now() - lastChange(table, slot).at < limits.settlingMs) return true;
  return release !== undefined && changedAfter(table, slot, release.movableUpTo);
}
