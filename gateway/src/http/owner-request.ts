import type { IncomingMessage } from 'node:http';
import type { Release } from '@wscluster/ring';
import type { Limits } from '../limits.ts';
import { endsHere } from '../route/hop-headers.ts';
import { isReservedHeader, ownerHeaders } from '../route/owner-headers.ts';
import { changedAfter, lastChange, type Table } from '../table/table.ts';

/**
 * Takes from a request what ends at this hop and what only a gateway may set, and returns the headers to add. Once per
 * request: the forwarded headers of earlier proxies are in the answer, not in the request any more.
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
    // Node frames the body anew by the transfer encoding; `expect` was answered by this gateway already.
    const ends = name === 'expect' || (name !== 'transfer-encoding' && endsHere(name, connection));
    if (ends || isReservedHeader(name)) delete req.headers[name];
  }
  return added;
}

/**
 * The slot's owner is new, or its clients are still to move to it: they are on their way, and a node that finds none for
 * the key may wait for them a little.
 */
export function isSettling(table: Table, slot: number, release: Release | undefined, limits: Limits): boolean {
  if (performance.now() - lastChange(table, slot).at < limits.settlingMs) return true;
  return release !== undefined && changedAfter(table, slot, release.movableUpTo);
}
