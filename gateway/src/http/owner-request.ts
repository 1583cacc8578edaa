import type { IncomingMessage } from 'node:http';
import type { Release } from '@wscluster/ring';
import type { Limits } from '../limits.ts';
import { endsHere } from '../route/hop-headers.ts';
import { isReservedHeader, ownerHeaders } from '../route/owner-headers.ts';
import { changedAfter, lastChange, type Table } from '../table/table.ts';

/**
 * Gives the request the headers that the owner gets: those of the gateway, and then the client's without those that end
 * at this hop or that only a gateway may set. The gateway's come first since some backends read only so many lines. Call
 * this once per request.
 */
export function forwardHeaders(req: IncomingMessage, key: string, table: Table, requestId: string): void {
  const { revision } = table.ring;
  const own = ownerHeaders(req, { key, revision, requestId, trusted: table.trustedProxies });
  const { connection } = req.headers;
  const kept = Object.entries(req.headers).filter(([name]) => {
    // Node frames the body anew according to the transfer encoding; this gateway has already answered `expect`.
    const ends = name === 'expect' || (name !== 'transfer-encoding' && endsHere(name, connection));
    return !ends && !isReservedHeader(name);
  });
  req.headers = { ...Object.fromEntries(own), ...Object.fromEntries(kept) };
}

/**
 * Whether the slot's owner is new, or its clients have yet to move to it. They are about to reconnect then, and a node
 * without a client for the key may wait a little for it.
 */
export function isSettling(table: Table, slot: number, release: Release | undefined, limits: Limits): boolean {
  if (performance.now() - lastChange(table, slot).at < limits.settlingMs) return true;
  return release !== undefined && changedAfter(table, slot, release.movableUpTo);
}
