import type { Route } from '@wscluster/ring';
import { expect, test } from 'vitest';
import { keyPlace, routeSamples } from './route-samples.ts';

const GATEWAY = '127.0.0.1:7000';

test.each([
  [{ param: 'user' }, '/rooms/{room}/{user}', 'ws://127.0.0.1:7000/rooms/room/alice', 'key in the path, {user}'],
  [{ query: 'user id' }, '/ws', "'ws://127.0.0.1:7000/ws?user%20id=alice'", 'key in the query parameter user id'],
  [{ header: 'x-user' }, '/ws', "ws://127.0.0.1:7000/ws -H 'x-user: alice'", 'key in the header x-user'],
  [{ cookie: 'sid' }, '/{a}', "ws://127.0.0.1:7000/a -H 'Cookie: sid=alice'", 'key in the cookie sid'],
  [{ header: "o'k" }, '/', "ws://127.0.0.1:7000/ -H 'o'\\''k: alice'", "key in the header o'k"],
])('a key in %j', (key, path, target, place) => {
  const route = { path, key };
  expect(keyPlace(route)).toBe(place);
  expect(routeSamples(route, 'alice', GATEWAY, 'sample')).toEqual([`npx wscat -c ${target}`]);
  expect(routeSamples(route, 'alice', GATEWAY, 'own')).toEqual([
    `npx wscat -c ${target}`,
    `curl -i ${target.replace('ws:', 'http:')}`,
  ]);
});

test('what the sample backend serves over HTTP is for curl', () => {
  const samples = (path: string) => routeSamples({ path, key: { query: 'userId' } }, 'alice', GATEWAY, 'sample');
  expect(samples('/websocket/send')).toEqual(["curl -d hello 'http://127.0.0.1:7000/websocket/send?userId=alice'"]);
  expect(samples('/whoami')).toEqual(["curl 'http://127.0.0.1:7000/whoami?userId=alice'"]);
});

test.each<[route: Route, place: string, samples: string[]]>([
  [
    { path: '/docs/{tenant}/{doc...}', key: { all: [{ param: 'tenant' }, { query: 'u' }] }, protocol: 'websocket' },
    'key in the path, {tenant} and the query parameter u',
    ["npx wscat -c 'ws://127.0.0.1:7000/docs/alice/doc?u=alice'"],
  ],
  [
    { path: '/ws', key: { first: [{ query: 'u' }, { cookie: 'wsc', generate: {} }] }, protocol: 'http' },
    'key in the query parameter u, or the cookie wsc',
    ["curl -i 'http://127.0.0.1:7000/ws?u=alice'"],
  ],
  [
    { path: '/ws', key: { subprotocol: { prefix: 'u.' } }, protocol: 'websocket' },
    'key in the subprotocol u.<key>',
    ['npx wscat -c ws://127.0.0.1:7000/ws -s u.alice'],
  ],
  [
    { path: '/{process}/{room}', key: { node: { param: 'process' } }, methods: ['POST'] },
    'node in the path, {process}',
    ['curl -i -X POST http://127.0.0.1:7000/ID/room'],
  ],
  [
    { prefix: '/app', key: { none: true } },
    'no key: any ready node',
    ['npx wscat -c ws://127.0.0.1:7000/app', 'curl -i http://127.0.0.1:7000/app'],
  ],
])('%j', (route, place, samples) => {
  expect(keyPlace(route)).toBe(place);
  expect(routeSamples(route, 'alice', GATEWAY, 'own')).toEqual(samples);
});
