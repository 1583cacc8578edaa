import { WsClusterError } from '../errors.ts';
import { slotOf } from '../hash.ts';
import { keyMissing } from '../query.ts';
import { compileKey, type FoundKey, type Reading } from './key-reader.ts';
import { segmentsOf } from './pattern.ts';
import type { RoutedRequest } from './request.ts';
import { compileRewrite } from './rewrite.ts';
import { methodsOf, type Route, strictness } from './schema.ts';

/** Who serves a request: the owner of a key, a certain node, or any ready node. */
export type Choice =
  | { readonly kind: 'key'; readonly key: string; readonly slot: number }
  /** `node`: an id or a name. */
  | { readonly kind: 'node'; readonly node: string }
  | { readonly kind: 'any' };

/** What a route makes of a request. */
export interface Routed {
  readonly route: Route;
  readonly choice: Choice;
  /** Path and query for the node. */
  readonly url: string;
  /** The key is new; the answer tells it to the client by this Set-Cookie. */
  readonly setCookie: string | undefined;
  /** An offered subprotocol that the node must not see. */
  readonly subprotocol: string | undefined;
}

export interface Router {
  /** Throws NO_ROUTE, KEY_MISSING, KEY_INVALID, or REQUEST_INVALID for an ambiguous path. */
  route(req: RoutedRequest, protocol: 'websocket' | 'http'): Routed;
}

/** One level of the tree of templates. */
interface Level {
  /** The literal segments that may follow, and a placeholder. */
  readonly literals: Map<string, Level>;
  placeholder: Level | undefined;
  /** Routes whose path ends here, whose rest begins here, and whose prefix ends here; the strictest first. */
  readonly ends: Leaf[];
  readonly rests: Leaf[];
  readonly prefixes: Leaf[];
}

interface Leaf {
  readonly route: Route;
  readonly methods: ReadonlySet<string> | undefined;
  choose(reading: Reading): Found;
  rewrite(path: string): string;
}

interface Found extends Partial<FoundKey> {
  readonly choice: Choice;
}

/**
 * Compiles the routes. Paths are compared byte by byte, without decoding, merging or resolving anything, so that
 * gateway and node never see different paths. Segment by segment from the left, a literal wins over a placeholder, that
 * over a rest, and that over a prefix which ends there. Of the routes for one path the strictest that serves the
 * request wins, then the first.
 */
export function compileRoutes(routes: readonly Route[]): Router {
  const root = newLevel();
  for (const route of routes) addRoute(root, route);
  return {
    route(req, protocol) {
      const url = req.url ?? '';
      const queryAt = url.indexOf('?');
      const path = queryAt < 0 ? url : url.slice(0, queryAt);
      checkPath(path);
      if (url.includes('#')) throw invalidPath('the path must have no #');
      const segments = path.split('/');
      const method = req.method ?? 'GET';
      const serves = ({ route, methods }: Leaf) =>
        (route.protocol === undefined || route.protocol === protocol) &&
        (methods === undefined || methods.has(method) || (method === 'OPTIONS' && protocol === 'http'));
      const leaf = find(root, segments, 1, serves);
      if (leaf === undefined) throw noRoute(find(root, segments, 1, () => true)?.route, protocol, method);
      const query = queryAt < 0 ? '' : url.slice(queryAt + 1);
      const { choice, setCookie, subprotocol } = leaf.choose({ req, segments, query });
      const rewritten = leaf.rewrite(path);
      // Otherwise the text is the client's own, and no new one has to be made.
      const target = rewritten === path ? url : queryAt < 0 ? rewritten : `${rewritten}?${query}`;
      return { route: leaf.route, choice, url: target, setCookie, subprotocol };
    },
  };
}

function newLevel(): Level {
  return { literals: new Map(), placeholder: undefined, ends: [], rests: [], prefixes: [] };
}

function addRoute(root: Level, route: Route): void {
  const path = route.path || '';
  const leaf = {
    route,
    methods: methodsOf(route),
    choose: compileChoice(route.key, path),
    rewrite: compileRewrite(route.rewrite),
  };
  const add = (leaves: Leaf[]) => {
    leaves.push(leaf);
    leaves.sort((a, b) => strictness(b.route) - strictness(a.route));
  };
  let level = root;
  const prefix = route.prefix ?? '/';
  for (const segment of path !== '' ? segmentsOf(path) : prefix === '/' ? [] : segmentsOf(prefix)) {
    if (segment.kind === 'rest') {
      add(level.rests);
      return;
    }
    let next = segment.kind === 'literal' ? level.literals.get(segment.text) : level.placeholder;
    if (next === undefined) {
      next = newLevel();
      if (segment.kind === 'literal') level.literals.set(segment.text, next);
      else level.placeholder = next;
    }
    level = next;
  }
  add(path !== '' ? level.ends : level.prefixes);
}

function find(
  level: Level,
  segments: readonly string[],
  at: number,
  serves: (leaf: Leaf) => boolean,
): Leaf | undefined {
  if (at === segments.length) return level.ends.find(serves) ?? level.prefixes.find(serves);
  const literal = level.literals.get(segments[at] as string);
  const found = literal === undefined ? undefined : find(literal, segments, at + 1, serves);
  if (found !== undefined) return found;
  const held = level.placeholder === undefined ? undefined : find(level.placeholder, segments, at + 1, serves);
  return held ?? level.rests.find(serves) ?? level.prefixes.find(serves);
}

function compileChoice(key: Route['key'], path: string): (reading: Reading) => Found {
  const any: Found = { choice: { kind: 'any' } };
  if (key.none !== undefined) return () => any;
  const wanted = compileKey(key.node ?? key, path);
  return (reading) => {
    const found = wanted.read(reading);
    if (found === undefined) {
      // A browser asks so before the request itself, without cookies and headers of its own.
      if (reading.req.method === 'OPTIONS') return any;
      throw keyMissing(wanted.what);
    }
    if (key.node !== undefined) return { choice: { kind: 'node', node: found.key } };
    return { ...found, choice: { kind: 'key', key: found.key, slot: slotOf(found.key) } };
  };
}

function noRoute(near: Route | undefined, protocol: 'websocket' | 'http', method: string): WsClusterError {
  if (near === undefined) return new WsClusterError('NO_ROUTE', 'no route of the cluster matches the path');
  const what = protocol === 'websocket' ? 'WebSocket upgrades' : `${method} by plain HTTP`;
  return new WsClusterError('NO_ROUTE', `no route of the cluster serves ${what} at this path`);
}

/**
 * Refuses what others read as another path. Dot segments are resolved, even encoded, between encoded slashes or with
 * parameters, and `..` would be a wrong key; browsers' rules for URLs take `\\` for `/`, what follows `//` for a host,
 * and `#` for the end.
 */
function checkPath(path: string): void {
  if (!path.startsWith('/')) throw invalidPath('the request target must be a path');
  if (path.startsWith('//')) throw invalidPath('the path must not begin with two slashes');
  if (path.includes('\\')) throw invalidPath('the path must have no backslash');
  if (/(?:\/|%2f|%5c)(?:\.|%2e){1,2}(?:[/;]|%2f|%5c|$)/i.test(path))
    throw invalidPath('the path must have no dot segments');
}

function invalidPath(message: string): WsClusterError {
  return new WsClusterError('REQUEST_INVALID', message, { field: 'path' });
}
