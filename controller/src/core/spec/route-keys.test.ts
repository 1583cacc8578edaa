import { expect, test } from 'vitest';
import { changedRouteKey } from './route-keys.ts';

const room = { path: '/rooms/{room}/{user}', key: { param: 'room' } };
const send = { path: '/send', key: { query: 'user' } };

test.each([
  ['nothing', [room, send]],
  ['the order', [send, room]],
  ['a route that is removed', [send]],
  ['a route that is added', [room, send, { path: '/other', key: { header: 'X-User' } }]],
  ['the names of placeholders', [{ path: '/rooms/{id}/{member}', key: { param: 'id' } }, send]],
])('%s is no changed key', (_, after) => {
  expect(changedRouteKey([room, send], after)).toBeUndefined();
});

test.each([
  ['another placeholder', [room], [{ ...room, key: { param: 'user' } }], 0],
  ['the name of a query parameter', [send], [room, { ...send, key: { query: 'id' } }], 1],
  ['a header instead', [send], [{ ...send, key: { header: 'X-User' } }], 0],
])('%s is one', (_, before, after, index) => {
  expect(changedRouteKey(before, after)).toBe(`spec.routing.routes[${index}].key`);
});
