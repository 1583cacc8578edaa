import { canonicalKey, queryReader, type Route, slotOf } from '@wscluster/ring';

/** One level of the tree of templates. */
interface Level {
  readonly literals: Map<string, Level>;
  placeholder: Level | undefined;
  end: { readonly paramAt: number; readonly query: ReturnType<typeof queryReader> | undefined } | undefined;
}

/**
 * The router as it was before there was more than whole templates, with keys in the path and the query: what the
 * benchmark compares with.
 */
export function compileTemplates(routes: readonly Route[]): (url: string) => number {
  const root = newLevel();
  for (const route of routes) addRoute(root, route);
  return (url) => {
    const queryAt = url.indexOf('?');
    const path = queryAt < 0 ? url : url.slice(0, queryAt);
    if (!path.startsWith('/') || path.startsWith('//') || path.includes('\\')) throw new Error('ambiguous');
    if (/\/(?:\.|%2e){1,2}(?:[/;]|$)/i.test(path) || url.includes('#')) throw new Error('ambiguous');
    const segments = path.split('/');
    const found = find(root, segments, 1);
    if (found === undefined) throw new Error('no route');
    const raw =
      found.query === undefined ? segments[found.paramAt] : found.query(queryAt < 0 ? '' : url.slice(queryAt + 1));
    if (raw === undefined) throw new Error('no key');
    return slotOf(canonicalKey(raw));
  };
}

function newLevel(): Level {
  return { literals: new Map(), placeholder: undefined, end: undefined };
}

function addRoute(root: Level, route: Route): void {
  const segments = (route.path ?? '').split('/');
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
  const { param, query } = route.key;
  level.end ??= {
    paramAt: segments.indexOf(`{${param}}`),
    query: query === undefined ? undefined : queryReader(query),
  };
}

function find(level: Level, segments: readonly string[], at: number): Level['end'] {
  if (at === segments.length) return level.end;
  const literal = level.literals.get(segments[at] as string);
  const found = literal === undefined ? undefined : find(literal, segments, at + 1);
  if (found !== undefined || level.placeholder === undefined) return found;
  return find(level.placeholder, segments, at + 1);
}
