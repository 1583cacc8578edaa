import { type Routed, type RoutedRequest, WsClusterError } from '@wscluster/ring';
import { PINNED } from '../move/tracker.ts';
import { anyNode, type Load, nodeNamed } from './nodes.ts';
import { type Owner, ownerOfSlot, type Table } from './table.ts';

/** What a connection belongs to. */
export interface Destination {
  /** Canonical; '' if the request has none. */
  readonly key: string;
  /** The key's slot; without a key a slot of the node that was chosen, or PINNED if no other node will do. */
  readonly slot: number;
}

export interface Location {
  readonly table: Table;
  readonly destination: Destination;
  readonly owner: Owner;
  readonly routed: Routed;
}

/**
 * Finds who serves a request: route -> key -> slot -> owner, or the route's choice of a node. `load`: what decides
 * between nodes if any will do. Throws NO_RING, NO_MEMBERS, NODE_UNKNOWN, NODE_GONE, and what Router.route throws.
 */
export function locate(
  table: Table | undefined,
  req: RoutedRequest,
  protocol: 'websocket' | 'http',
  load: Load,
): Location {
  if (table === undefined) throw new WsClusterError('NO_RING', 'this gateway has not received a ring yet');
  const routed = table.router.route(req, protocol);
  const { choice } = routed;
  if (choice.kind === 'node')
    return { table, routed, destination: { key: '', slot: PINNED }, owner: nodeNamed(table, choice.node) };
  if (choice.kind === 'any') {
    const found = anyNode(table, load);
    if (found === undefined) throw new WsClusterError('NO_MEMBERS', 'the cluster has no ready node');
    return { table, routed, destination: { key: '', slot: found.slot }, owner: found.owner };
  }
  const owner = ownerOfSlot(table, choice.slot);
  if (owner === undefined)
    throw new WsClusterError('NO_MEMBERS', 'no node owns the key: the cluster has no ready node');
  return { table, routed, destination: choice, owner };
}
