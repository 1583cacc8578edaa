import { createRing, type Member, type Route, SLOTS, slotOf } from '@wscluster/ring';
import { expect, test } from 'vitest';
import { routeQuery } from './schemas.ts';
import { showRoute } from './show-route.ts';

const MEMBERS = ['a', 'b'].map(
  (nodeId, ringId): Member => ({
    ...{ ringId, nodeId, name: `pod-${nodeId}`, address: `10.0.0.${ringId}:80` },
    ...{ weight: 1, state: 'ready' },
  }),
);
const RING = createRing({ epoch: 1, version: 7 }, MEMBERS, new Uint16Array(SLOTS).fill(1));

const ROUTES: Route[] = [
  { path: '/rooms/{room}', key: { param: 'room' } },
  { path: '/send', methods: ['POST'], key: { query: 'u' } },
  { path: '/header', key: { header: 'X-User' } },
  { path: '/cookie', key: { cookie: 'c' } },
  { path: '/token', key: { subprotocol: { prefix: 'u.', remove: true } } },
  { path: '/sticky', key: { first: [{ query: 'u' }, { cookie: 'c', generate: {} }] } },
  {
    path: '/docs/{tenant}/{doc...}',
    key: { all: [{ param: 'tenant' }, { param: 'doc' }] },
    rewrite: { prefix: '/docs' },
  },
  { path: '/{process}/{room}', name: 'rooms', key: { node: { param: 'process' } } },
  { prefix: '/', protocol: 'http', key: { none: true } },
];

const show = (url: string, more: object = {}) =>
  showRoute({ spec: { routing: { routes: ROUTES } }, ring: RING }, routeQuery.parse({ url, ...more }));

const OWNER = expect.objectContaining({ nodeId: 'b', address: '10.0.0.1:80', state: 'ready' });
const byKey = (key: string) => ({ by: 'key', key, slot: slotOf(key), owner: OWNER, generated: false });
const headers = (...header: string[]) => ({ header });

test.each<[what: string, url: string, more: object, answer: object]>([
  ['a param', 'ws://x:7000/rooms/a%20b', {}, { ...byKey('a b'), route: '/rooms/{room}', protocol: 'websocket' }],
  ['a query', '/send?u=ada', { method: 'POST' }, { ...byKey('ada'), protocol: 'http', url: '/send?u=ada' }],
  ['a header', 'https://x/header', headers('X-Other: 1', 'x-user: ada '), { ...byKey('ada'), protocol: 'http' }],
  ['a cookie', '/cookie', { header: 'Cookie: a=1; c=ada' }, byKey('ada')],
  ['a subprotocol', '/token', headers('Sec-WebSocket-Protocol: chat, u.ada'), byKey('ada')],
  ['the first', '/sticky?u=ada', {}, byKey('ada')],
  ['the second', '/sticky', headers('Cookie: c=eve'), byKey('eve')],
  ['all', '/docs/acme/a/b?x', {}, { ...byKey('acme/a%2Fb'), url: '/acme/a/b?x' }],
  ['a new cookie', '/sticky', {}, { by: 'key', generated: true, key: null, slot: null, owner: null }],
  ['a node by id', '/b/1', {}, { by: 'node', name: 'rooms', key: null, slot: null, owner: OWNER }],
  ['a node by name', '/pod-b/1', {}, { by: 'node', owner: OWNER }],
  ['any node', 'http://x', {}, { route: '/', by: 'any', key: null, slot: null, owner: null, url: '/' }],
  ['a given protocol', '/x', { protocol: 'http' }, { by: 'any', protocol: 'http' }],
  ['an OPTIONS', '/cookie', { method: 'OPTIONS' }, { route: '/cookie', by: 'any' }],
])('%s', (_, url, more, answer) => {
  expect(show(url, more)).toMatchObject({ revision: { epoch: 1, version: 7 }, ...answer });
});

test.each([
  ['no route', '/x', {}, 'NO_ROUTE'],
  ['no key', '/cookie', {}, 'KEY_MISSING'],
  ['a key that is none', '/sticky?u=', {}, 'KEY_INVALID'],
  ['a path with two readings', '/rooms/../x', {}, 'REQUEST_INVALID'],
  ['a header that is none', '/cookie', headers('nonsense'), 'REQUEST_INVALID'],
  ['a header of two lines', '/cookie', headers('X: a\r\nY: b'), 'REQUEST_INVALID'],
  ['a node that is not there', '/c/1', {}, 'NODE_UNKNOWN'],
])('%s is refused', (_, url, more, code) => {
  expect(() => show(url, more)).toThrow(expect.objectContaining({ code }));
});

test('a ring without members owns nothing', () => {
  const ring = createRing({ epoch: 1, version: 1 }, [], new Uint16Array(SLOTS).fill(0xffff));
  const ask = () => showRoute({ spec: { routing: { routes: ROUTES } }, ring }, routeQuery.parse({ url: '/rooms/a' }));
  expect(ask).toThrow(expect.objectContaining({ code: 'NO_MEMBERS' }));
});
