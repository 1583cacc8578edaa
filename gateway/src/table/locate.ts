import type { IncomingMessage } from 'node:http';
import { WsClusterError } from '@wscluster/ring';
import type { Destination } from '../route/router.ts';
import { type Owner, ownerOfSlot, type Table } from './table.ts';

export interface Location {
  readonly table: Table;
  readonly destination: Destination;
  readonly owner: Owner;
}

/** Finds the owner of a request: key -> slot -> owner. Throws NO_RING, NO_MEMBERS, and what Router.route throws. */
export function locate(table: Table | undefined, req: IncomingMessage): Location {
  if (table === undefined) throw new WsClusterError('NO_RING', 'this gateway has not received a ring yet');
  const destination = table.router.route(req);
  const owner = ownerOfSlot(table, destination.slot);
  if (owner === undefined)
    throw new WsClusterError('NO_MEMBERS', 'no node owns the key: the cluster has no ready node');
  return { table, destination, owner };
}
