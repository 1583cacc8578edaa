import type { Route } from '@wscluster/ring';
import { expect, test } from 'vitest';
import { changedRouteKey } from './route-keys.ts';

const room = { path: '/rooms/{room}/{user}', key: { param: 'room' } };
const send = { path: '/send', key: { query: 'user' } };

const sticky: Route = { prefix: '/', key: { first: [{ query: 'u' }, { cookie: 'c', generate: {} }] } };
const token: Route = { path: '/token', key: { subprotocol: { prefix: 'u.' } } };
const socket: Route = { path: '/send', protocol: 'websocket', key: { cookie: 'user' } };
const before = [room, send, sticky, token, socket];

test.each<[what: string, after: readonly Route[]]>([
  ['nothing', before],
  ['the order', [...before].reverse()],
  ['a route that is removed', [send]],
  ['a route that is added', [...before, { path: '/other', key: { header: 'X-User' } }]],
  ['the names of placeholders', [{ path: '/rooms/{id}/{member}', key: { param: 'id' } }]],
  [
    'how a cookie is made',
    [{ prefix: '/', key: { first: [{ query: 'u' }, { generate: { maxAge: 5 }, cookie: 'c' }] } }],
  ],
  ['whether the node sees a subprotocol', [{ path: '/token', key: { subprotocol: { remove: true, prefix: 'u.' } } }]],
  ['a rewrite', [{ ...send, rewrite: { prefix: '/send' } }]],
  ['fewer requests by the same key', [{ ...send, methods: ['POST'] }, socket]],
  ['a path that is no prefix', [{ path: '/', key: { query: 'other' } }]],
])('%s is no changed key', (_, after) => {
  expect(changedRouteKey(before, after)).toBeUndefined();
});

test.each<[what: string, after: readonly Route[], index: number]>([
  ['another placeholder', [{ ...room, key: { param: 'user' } }], 0],
  ['the name of a query parameter', [room, { ...send, key: { query: 'id' } }], 1],
  ['a header instead', [{ ...send, key: { header: 'X-User' } }], 0],
  ['no key instead', [{ ...send, key: { none: true } }], 0],
  ['another order', [{ prefix: '/', key: { first: [{ cookie: 'c' }, { query: 'u' }] } }], 0],
  ['all instead of the first', [{ prefix: '/', key: { all: [{ query: 'u' }, { cookie: 'c', generate: {} }] } }], 0],
  ['another prefix of a subprotocol', [{ path: '/token', key: { subprotocol: { prefix: 'v.' } } }], 0],
  ['another key for some of the requests', [send, { ...send, methods: ['POST'], key: { query: 'id' } }], 1],
  ['the key of upgrades only', [send, { ...socket, key: { cookie: 'other' } }], 1],
])('%s is one', (_, after, index) => {
  expect(changedRouteKey(before, after)).toBe(`spec.routing.routes[${index}].key`);
});
