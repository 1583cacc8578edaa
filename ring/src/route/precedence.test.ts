import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileRoutes } from './router.ts';
import { doubledRoutes, type Route, routeProblems } from './schema.ts';

const key = { none: true } as const;

// The reference: every route by itself, and then the best of those that match.

type Want = { readonly path: string; readonly method: string; readonly protocol: 'websocket' | 'http' };

/** How well each segment of the path is matched: 3 literal, 2 placeholder, 1 rest, 0 prefix. Undefined: not at all. */
function ranks({ path: template, prefix }: Route, path: string): number[] | undefined {
  const given = path.split('/').slice(1);
  const wanted = template ? template.split('/').slice(1) : prefix === '/' ? [] : (prefix ?? '').split('/').slice(1);
  const found: number[] = [];
  for (const [at, segment] of wanted.entries()) {
    if (/\.\.\.\}$/.test(segment)) return at < given.length ? [...found, 1] : undefined;
    if (at >= given.length || !(segment.startsWith('{') || segment === given[at])) return undefined;
    found.push(segment.startsWith('{') ? 2 : 3);
  }
  if (template) return wanted.length === given.length ? [...found, 4] : undefined;
  return [...found, 0];
}

function serves({ protocol, methods }: Route, want: Want): boolean {
  if (protocol !== undefined && protocol !== want.protocol) return false;
  if (methods === undefined || methods.includes(want.method)) return true;
  return (want.method === 'HEAD' && methods.includes('GET')) || (want.method === 'OPTIONS' && want.protocol === 'http');
}

function better(a: Route, b: Route, path: string): boolean {
  const [one, other] = [ranks(a, path) ?? [], ranks(b, path) ?? []];
  for (const [at, rank] of one.entries()) {
    const against = other[at] ?? -1;
    if (rank !== against) return rank > against;
  }
  const asks = (route: Route) => (route.protocol === undefined ? 0 : 2) + (route.methods === undefined ? 0 : 1);
  return asks(a) > asks(b);
}

function reference(routes: readonly Route[], want: Want): Route | undefined {
  let best: Route | undefined;
  for (const route of routes)
    if (ranks(route, want.path) !== undefined && serves(route, want))
      if (best === undefined || better(route, best, want.path)) best = route;
  return best;
}

const literal = fc.constantFrom('a', 'b', 'c');
const given = fc.array(fc.oneof(literal, fc.constantFrom('', 'd')), { minLength: 1, maxLength: 4 });
const template = fc
  .tuple(fc.array(fc.oneof(literal, fc.constant('{}'), fc.constant('')), { maxLength: 4 }), fc.boolean())
  .filter(([segments, rest]) => segments.length > 0 || rest)
  .map(([segments, rest]) =>
    [...segments, ...(rest ? ['{rest...}'] : [])].map((text, at) => `/${text === '{}' ? `{p${at}}` : text}`).join(''),
  );
const prefix = fc.array(literal, { maxLength: 3 }).map((segments) => `/${segments.join('/')}`);
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS'];
const route = fc
  .record({
    place: fc.oneof(
      { weight: 3, arbitrary: template.map((path) => ({ path })) },
      prefix.map((text) => ({ prefix: text })),
    ),
    protocol: fc.constantFrom(undefined, undefined, 'http' as const, 'websocket' as const),
    methods: fc.option(fc.uniqueArray(fc.constantFrom(...METHODS), { minLength: 1, maxLength: 2 }), {
      nil: undefined,
      freq: 2,
    }),
  })
  .map(
    ({ place, protocol, methods }): Route => ({
      ...place,
      key,
      ...(protocol !== undefined && { protocol }),
      ...(methods !== undefined && protocol !== 'websocket' && { methods }),
    }),
  );

describe('precedence', () => {
  it('is that of a reference which looks at each route by itself', () => {
    let matched = 0;
    fc.assert(
      fc.property(
        fc.array(route, { minLength: 1, maxLength: 20 }),
        given,
        fc.constantFrom(...METHODS),
        fc.constantFrom('http' as const, 'websocket' as const),
        (all, segments, anyMethod, protocol) => {
          const path = `/${segments.join('/')}`;
          fc.pre(!path.startsWith('//'));
          const routes = all.filter((_, index) =>
            doubledRoutes(all.slice(0, index + 1)).every((found) => found.path[1] !== index),
          );
          expect(routes.flatMap(routeProblems)).toEqual([]);
          const method = protocol === 'websocket' ? 'GET' : anyMethod;
          const expected = reference(routes, { path, method, protocol });
          const router = compileRoutes(routes);
          const ask = () => router.route({ method, url: path, rawHeaders: [] }, protocol).route;
          if (expected === undefined) expect(ask).toThrow(expect.objectContaining({ code: 'NO_ROUTE' }));
          else {
            matched++;
            expect(ask()).toBe(expected);
          }
        },
      ),
      { numRuns: 5_000 },
    );
    expect(matched).toBeGreaterThan(1_000);
  });

  it.each<[path: string, matches: string]>([
    ['/app', 'prefix /app'],
    ['/app/', 'prefix /app'],
    ['/app/x/y', 'prefix /app'],
    ['/apple', 'prefix /'],
    ['/files', 'prefix /'],
    ['/files/', '/files/{rest...}'],
    ['/files/a/b/', '/files/{rest...}'],
    ['/files/new', '/files/new'],
    ['/files/new/', '/files/{rest...}'],
    ['/files/one/meta', '/files/{id}/meta'],
    ['/', 'prefix /'],
  ])('%s goes by %s', (url, matches) => {
    const routes = [
      ...['/files/{rest...}', '/files/new', '/files/{id}/meta'].map((path): Route => ({ path, key })),
      ...['/', '/app'].map((text): Route => ({ prefix: text, key })),
    ];
    const found = compileRoutes(routes).route({ url, rawHeaders: [] }, 'http').route;
    expect(found.path ?? `prefix ${found.prefix}`).toBe(matches);
  });

  it('says whether it is the path or something else that no route serves', () => {
    const router = compileRoutes([
      { path: '/socket', protocol: 'websocket', key },
      { path: '/send', methods: ['POST'], key },
    ]);
    const ask = (url: string, method: string, protocol: 'websocket' | 'http') => () =>
      router.route({ url, method, rawHeaders: [] }, protocol);
    expect(ask('/socket', 'GET', 'http')).toThrow('serves GET by plain HTTP at this path');
    expect(ask('/send', 'GET', 'websocket')).toThrow('serves WebSocket upgrades at this path');
    expect(ask('/other', 'GET', 'http')).toThrow('matches the path');
    expect(ask('/send', 'OPTIONS', 'http')().route.path).toBe('/send');
  });
});
