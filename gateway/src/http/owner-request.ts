import type { IncomingMessage } from 'node:http';
import type { Release } from '@wscluster/ring';
import type { Limits } from '../limits.ts';
import { endsHere } from '../route/hop-headers.ts';
import { isReservedHeader, ownerHeaders } from '../route/owner-headers.ts';
import { changedAfter, lastChange, type Table } from '../table/table.ts';

/**
 * Removes the headers that end at this hop and those that only a gateway may set, and returns the headers to add. Call
 * this once per request: it moves the forwarded headers of earlier proxies from the request into the result.
 */
export function forwardHeaders(
  req: IncomingMessage,
  key: string,
  table: Table,
  requestId: string,
): Record<string, string> {
  const added = Object.fromEntries(ownerHeaders(req, key, table.ring.revision, requestId));
  const { connection } = req.headers;
  for (const name of Object.keys(req.headers)) {
    // Node frames the body anew according to the transfer encoding; this gateway has already answered `expect`.
    const ends = name === 'expect' || (name !== 'transfer-encoding' && endsHere(name, connection));
    if (ends || isReservedHeader(name)) delete req.headers[name];
  }
  return added;
}

/**
 * Whether the slot's owner is new, or its clients have yet to move to it. They are about to reconnect then, and a node
 * without a client for the key may wait a little for it.
 */
export function isSettling(table: Table, slot: number, release: Release | undefined, limits: Limits): boolean {
  if (performance.now() - lastChange(table, slot).at < limits.settlingMs) return true;
  return release !== undefined && changedAfter(table, slot, release.movableUpTo);
}
