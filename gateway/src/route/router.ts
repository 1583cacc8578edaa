import type { IncomingMessage } from 'node:http';
import { canonicalKey, type KeySource, type Route, slotOf, WsClusterError } from '@wscluster/ring';
import { readKey } from './key-reader.ts';

/** Where a request goes: its canonical key and the key's slot. */
export interface Destination {
  readonly key: string;
  readonly slot: number;
}

export interface Router {
  /** Throws NO_ROUTE, KEY_MISSING, KEY_INVALID, or REQUEST_INVALID for an ambiguous path. */
  route(req: IncomingMessage): Destination;
}

/** One level of the tree of templates: the literal segments that may follow, and a placeholder. */
interface Level {
  readonly literals: Map<string, Level>;
  placeholder: Level | undefined;
  /** The key source of the template that ends here, and the index of its placeholder among the segments. */
  end: { readonly source: KeySource; readonly paramAt: number } | undefined;
}

/**
 * Compiles the routes. Paths are compared byte by byte, without decoding, merging or resolving anything, so that
 * gateway and node never see different paths. A literal segment wins over a placeholder, from left to right; of two
 * templates that match the same paths the first wins.
 */
export function compileRoutes(routes: readonly Route[]): Router {
  const root = newLevel();
  for (const route of routes) addRoute(root, route);
  return {
    route(req) {
      const url = req.url ?? '';
      const queryAt = url.indexOf('?');
      const path = queryAt < 0 ? url : url.slice(0, queryAt);
      checkPath(path);
      if (url.includes('#')) throw new WsClusterError('REQUEST_INVALID', 'the path must have no #', { field: 'path' });
      const segments = path.split('/');
      const found = find(root, segments, 1);
      if (found === undefined) throw new WsClusterError('NO_ROUTE', 'no route of the cluster matches the path');
      const raw =
        found.source.param === undefined
          ? readKey(found.source, req, queryAt < 0 ? '' : url.slice(queryAt + 1))
          : (segments[found.paramAt] as string);
      const key = canonicalKey(raw);
      return { key, slot: slotOf(key) };
    },
  };
}

function newLevel(): Level {
  return { literals: new Map(), placeholder: undefined, end: undefined };
}

function addRoute(root: Level, route: Route): void {
  const segments = route.path.split('/');
  let level = root;
  for (const segment of segments.slice(1)) {
    let next = segment.startsWith('{') ? level.placeholder : level.literals.get(segment);
    if (next === undefined) {
      next = newLevel();
      if (segment.startsWith('{')) level.placeholder = next;
      else level.literals.set(segment, next);
    }
    level = next;
  }
  level.end ??= { source: route.key, paramAt: segments.indexOf(`{${route.key.param}}`) };
}

function find(level: Level, segments: readonly string[], at: number): Level['end'] {
  if (at === segments.length) return level.end;
  const literal = level.literals.get(segments[at] as string);
  const found = literal === undefined ? undefined : find(literal, segments, at + 1);
  if (found !== undefined || level.placeholder === undefined) return found;
  return find(level.placeholder, segments, at + 1);
}

/**
 * Refuses what others read as another path. Dot segments, even encoded or with parameters, are resolved, and `..` would
 * be a wrong key; browsers' rules for URLs take `\\` for `/`, what follows `//` for a host, and `#` for the end.
 */
function checkPath(path: string): void {
  const refuse = (message: string) => new WsClusterError('REQUEST_INVALID', message, { field: 'path' });
  if (!path.startsWith('/')) throw refuse('the request target must be a path');
  if (path.startsWith('//')) throw refuse('the path must not begin with two slashes');
  if (path.includes('\\')) throw refuse('the path must have no backslash');
  if (/\/(?:\.|%2e){1,2}(?:[/;]|$)/i.test(path)) throw refuse('the path must have no dot segments');
}
