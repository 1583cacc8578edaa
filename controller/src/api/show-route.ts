import { type Choice, compileRoutes, indexOfNode, ownerOf, type Ring, WsClusterError } from '@wscluster/ring';
import type { z } from 'zod';
import type { ClusterSpec } from '../core/spec/schema.ts';
import type { routeQuery } from './schemas.ts';

const URL_OF = /^(ws|http)s?:\/\/[^/?#]*(.*)$/is;

/** What of a view decides. */
export interface Routing {
  readonly spec: Pick<ClusterSpec, 'routing'>;
  readonly ring: Ring;
}

/**
 * What gateways do with a request, by their own code. Throws what they refuse it with: NO_ROUTE, KEY_MISSING,
 * KEY_INVALID, REQUEST_INVALID, NODE_UNKNOWN, NO_MEMBERS.
 */
export function showRoute(
  { spec, ring }: Routing,
  { url: text, method, protocol, header }: z.infer<typeof routeQuery>,
) {
  const [, scheme, rest = ''] = URL_OF.exec(text) ?? [];
  const url = scheme === undefined || rest.startsWith('/') ? rest || text : `/${rest}`;
  const guessed = scheme?.toLowerCase() === 'http' || method !== 'GET' ? 'http' : 'websocket';
  const by = protocol ?? guessed;
  const rawHeaders = (typeof header === 'string' ? [header] : header).flatMap(headerOf);
  const { route, choice, setCookie, ...routed } = compileRoutes(spec.routing.routes).route(
    { method, url, rawHeaders },
    by,
  );
  const generated = setCookie !== undefined;
  const keyed = choice.kind === 'key' && !generated ? choice : undefined;
  return {
    route: route.path || (route.prefix ?? ''),
    name: route.name || null,
    protocol: by,
    by: choice.kind,
    key: keyed?.key ?? null,
    generated,
    slot: keyed?.slot ?? null,
    owner: generated ? null : ownerFor(ring, choice),
    url: routed.url,
    revision: ring.revision,
  };
}

function ownerFor(ring: Ring, choice: Choice) {
  if (choice.kind === 'any') return null;
  const member =
    choice.kind === 'key' ? ownerOf(ring, choice.slot) : ring.members[indexOfNode(ring.members, choice.node)];
  if (member !== undefined) return member;
  if (choice.kind === 'key') throw new WsClusterError('NO_MEMBERS', 'the ring has no members: no node is ready yet');
  throw new WsClusterError('NODE_UNKNOWN', 'the cluster has no node of this id or name', { field: 'node' });
}

function headerOf(line: string): [name: string, value: string] {
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*)$/.exec(line) ?? [];
  if (name === undefined || value === undefined)
    throw new WsClusterError('REQUEST_INVALID', 'a header must be as in "Name: value"', { field: 'header' });
  return [name, value.trimEnd()];
}
