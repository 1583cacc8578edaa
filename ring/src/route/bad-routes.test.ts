import { describe, expect, it, test } from 'vitest';
import { doubledRoutes, type Route, routeProblems, routeSchema } from './schema.ts';

const none = { none: true } as const;
const REGEX = 'must be no regular expression; write {name} for one segment, or {name...} for the rest of the path';

describe('what looks like a pattern and is none is refused with the right spelling', () => {
  it.each<[path: string, message: string]>([
    ['', 'must be a path such as /connect/{userId}'],
    ['connect', 'must be a path such as /connect/{userId}'],
    ['/files/*', 'must have {name} instead of *, for one segment, or {name...} for the rest'],
    ['/files/*.js', 'must have {name} instead of *, for one segment, or {name...} for the rest'],
    ['/files/**', 'must have {rest...} as its last segment, or be a prefix, instead of **'],
    ['/**/x', 'must have {rest...} as its last segment, or be a prefix, instead of **'],
    ['/users/:id', 'must have {id} instead of :id'],
    ['/users/{id:[0-9]+}', 'must have {id} instead of {id:[0-9]+}; it takes any text'],
    ['/files/{*rest}', 'must have {rest...} instead of {*rest}'],
    ['/files/{rest*}', 'must have {rest...} instead of {rest*}'],
    ['/room-{id}', 'must have whole segments as placeholders, such as /{name}, not room-{id}'],
    ['/{id}.json', 'must have whole segments as placeholders, such as /{name}, not {id}.json'],
    ['/{}', 'must have placeholders of letters, digits and _, such as {userId} or {rest...}, not {}'],
    ['/{user-id}', 'must have placeholders of letters, digits and _, such as {userId} or {rest...}, not {user-id}'],
    ['/{open', 'must have placeholders of letters, digits and _, such as {userId} or {rest...}, not {open'],
    ['/{rest...}/x', 'must have nothing behind {rest...}, which takes the rest'],
    ['/{a}/{a}', 'must not name a placeholder twice'],
    ['/{a}/{a...}', 'must not name a placeholder twice'],
    ['/a?k=1', 'must have no ? and no #; a key in the query is key: { query: name }'],
    ['/a#b', 'must have no ? and no #; a key in the query is key: { query: name }'],
    ['/users/[0-9]+', REGEX],
    ['/users/.*', REGEX],
    ['/users/(\\d+)', REGEX],
    ['/(a|b)', REGEX],
    ['/users$', REGEX],
    ['^/users', 'must be a path such as /connect/{userId}'],
  ])('the path %s', (path, message) => {
    expect(routeProblems({ path, key: none })).toEqual([{ path: ['path'], message }]);
  });

  it.each([
    ['app', 'must be a path such as /app'],
    ['/app/', 'must not end with /: /app matches /app and all paths below it'],
    ['/{tenant}', 'must have no placeholders; write them as path: /app/{name}/{rest...}'],
    ['/app/*', 'must have {name} instead of *, for one segment, or {name...} for the rest'],
    ['/app/**', 'must have {rest...} as its last segment, or be a prefix, instead of **'],
  ])('the prefix %s', (prefix, message) => {
    expect(routeProblems({ prefix, key: none })).toEqual([{ path: ['prefix'], message }]);
  });
});

test.each([
  '/',
  '/a',
  '/a/',
  '/a//b',
  '/{a}/{b...}',
  '/{rest...}',
  '/$metadata',
  '/a(1)',
  '/a+b;c=1,d',
  '/%2A',
  '/~me',
])('the path %s is one', (path) => {
  expect(routeProblems({ path, key: none })).toEqual([]);
});

const ONE = 'must have exactly one of param, query, header, cookie, subprotocol';

test.each<[what: string, route: Partial<Route>, field: string, message: string]>([
  ['path and prefix', { prefix: '/a' }, 'prefix', 'must not be given together with path'],
  ['no key', { key: {} }, 'key', `${ONE}, first, all, node, none`],
  ['two keys', { key: { query: 'x', header: 'y' } }, 'key', `${ONE}, first, all, node, none`],
  ['a key and none', { key: { query: 'x', none: true } }, 'key', `${ONE}, first, all, node, none`],
  ['a param that is not there', { key: { param: 'x' } }, 'key.param', 'must be a placeholder of the path: a'],
  [
    'a node of two',
    { key: { node: { query: 'x', header: 'y' } } },
    'key.node',
    'must have exactly one of param, query, header',
  ],
  ['a node of none', { key: { node: {} } }, 'key.node', 'must have exactly one of param, query, header'],
  ['a node by no param', { key: { node: { param: 'x' } } }, 'key.node.param', 'must be a placeholder of the path: a'],
  ['an item of two', { key: { first: [{ query: 'x', header: 'y' }, { query: 'z' }] } }, 'key.first.0', ONE],
  ['an item of none', { key: { all: [{ query: 'x' }, {}] } }, 'key.all.1', ONE],
  [
    'an item of no param',
    { key: { all: [{ query: 'x' }, { param: 'x' }] } },
    'key.all.1.param',
    'must be a placeholder of the path: a',
  ],
  [
    'what is never reached',
    { key: { first: [{ param: 'a' }, { query: 'x' }] } },
    'key.first.0',
    'must be the last: every request has it',
  ],
  [
    'what is never reached behind a cookie',
    { key: { first: [{ cookie: 'c', generate: {} }, { query: 'x' }] } },
    'key.first.0',
    'must be the last: every request has it',
  ],
  ['a generated header', { key: { header: 'x', generate: {} } }, 'key.generate', 'is only allowed with cookie'],
  [
    'a cookie of other sites that is not secure',
    { key: { cookie: 'c', generate: { sameSite: 'None' } } },
    'key.generate.secure',
    'must be true with sameSite: None',
  ],
  [
    'a host cookie that is not secure',
    { key: { cookie: '__Host-c', generate: {} } },
    'key.generate.secure',
    'must be true for a cookie of this name',
  ],
  [
    'a rewrite of something else',
    { rewrite: { prefix: '/ro' } },
    'rewrite.prefix',
    'must be whole segments that /room/{a} begins with',
  ],
  [
    'a rewrite of a placeholder',
    { rewrite: { prefix: '/room/{a}' } },
    'rewrite.prefix',
    'must have no placeholders; write them as path: /app/{name}/{rest...}',
  ],
  [
    'a rewrite to no path',
    { rewrite: { prefix: '/room', replacement: 'ws' } },
    'rewrite.replacement',
    'must be a path such as /app',
  ],
  [
    'methods of upgrades',
    { protocol: 'websocket', methods: ['GET'] },
    'methods',
    'must not be given with protocol: websocket; an upgrade is always a GET',
  ],
])('%s is refused', (_, more, field, message) => {
  const route = { path: '/room/{a}', key: none, ...more } as Route;
  expect(routeProblems(route).map(({ path, ...problem }) => ({ ...problem, path: path.join('.') }))).toEqual([
    { path: field, message },
  ]);
  expect(routeSchema.safeParse(route).error?.issues.map((issue) => issue.path.join('.'))).toEqual([field]);
});

test.each<[what: string, route: object, message: string]>([
  ['a method in small letters', { methods: ['get'] }, 'must be a method such as GET'],
  ['a name that is no token', { key: { header: 'a b' } }, 'must be a header or cookie name'],
  ['a cookie that ends the header', { key: { cookie: 'a;b' } }, 'must be a header or cookie name'],
  ['a prefix that is no token', { key: { subprotocol: { prefix: 'a,b' } } }, 'must be the beginning of a subprotocol'],
  ['none as a text', { key: 'none' }, 'must be { none: true }, or where the key is, such as { query: userId }'],
  [
    'a cookie as an object',
    { key: { cookie: { name: 'c' } } },
    'must be a name; a generated cookie is { cookie: name, generate: {} }',
  ],
])('%s is refused by its form', (_, more, message) => {
  const { error } = routeSchema.safeParse({ path: '/a', key: none, ...more });
  expect(error?.issues.map((issue) => issue.message)).toEqual([message]);
});

describe('two routes for the same requests', () => {
  const doubled = (...routes: readonly Partial<Route>[]) =>
    doubledRoutes(routes.map((route) => ({ path: '/a', key: none, ...route }))).map(({ path }) => path.join('.'));

  it('are refused', () => {
    expect(doubled({}, {})).toEqual(['routes.1.path']);
    expect(doubled({ path: '/{x}' }, {}, { path: '/{y}' })).toEqual(['routes.2.path']);
    expect(doubled({ path: '/{x...}' }, { path: '/{y...}' })).toEqual(['routes.1.path']);
    expect(doubled({ methods: ['GET'] }, { methods: ['HEAD'] })).toEqual(['routes.1.path']);
    expect(doubled({ path: '', prefix: '/a' }, { path: '', prefix: '/a' })).toEqual(['routes.1.prefix']);
  });

  it('may differ in protocol and methods, and one may serve what the others leave', () => {
    expect(doubled({ protocol: 'websocket' }, { protocol: 'http' }, {})).toEqual([]);
    expect(doubled({ methods: ['GET'] }, { methods: ['POST', 'PUT'] }, {})).toEqual([]);
    expect(doubled({ path: '/{x}' }, { path: '/{x...}' }, { path: '', prefix: '/' })).toEqual([]);
  });
});
