import type { IncomingMessage } from 'node:http';
import type { Release } from '@wscluster/ring';
import type { Limits } from '../limits.ts';
import { isReservedHeader, ownerHeaders } from '../route/owner-headers.ts';
import { changedAfter, type Table } from '../table/table.ts';

/** Headers of one hop (RFC 9110, 7.6.1). `expect` was answered by this gateway already. */
const HOP_HEADERS = ['connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'upgrade', 'expect'];

/**
 * Takes from a request what ends at this hop and what only a gateway may set, and returns the headers to add. Once per
 * request: the forwarded headers of earlier proxies are in the answer, not in the request any more.
 */
export function forwardHeaders(req: IncomingMessage, key: string, table: Table): Record<string, string> {
  const added = Object.fromEntries(ownerHeaders(req, key, table.ring.revision));
  const named = (req.headers.connection ?? '').split(',').map((token) => token.trim().toLowerCase());
  for (const name of [...named, ...HOP_HEADERS])
    if (name !== 'host' && name !== 'content-length' && name !== 'transfer-encoding') delete req.headers[name];
  for (const name of Object.keys(req.headers)) if (isReservedHeader(name)) delete req.headers[name];
  return added;
}

/**
 * The slot's owner is new, or its clients are still to move to it: they are on their way, and a node that finds none for
 * the key may wait for them a little.
 */
export function isSettling(table: Table, slot: number, release: Release | undefined, limits: Limits): boolean {
  if (performance.now() - (table.changes.at[slot] as number) < limits.settlingMs) return true;
  return release !== undefined && changedAfter(table, slot, release.movableUpTo);
}
