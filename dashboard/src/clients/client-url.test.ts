import { expect, test } from 'vitest';
import { guessedGateways, pathOf, usableRoute } from './client-url.ts';

test('gateways of this machine are reached as they say, others at the host of the page', () => {
  const local = [{ address: '127.0.0.1:7000' }, { address: '127.0.0.1:7001' }];
  expect(guessedGateways(local, 'localhost')).toEqual(['ws://127.0.0.1:7000', 'ws://127.0.0.1:7001']);
  expect(guessedGateways(local, 'example.org')).toEqual(['ws://example.org:7000']);
  expect(guessedGateways([{ address: '10.0.0.7:7000' }], 'localhost')).toEqual(['ws://localhost:7000']);
});

test('a key is put where its route has it, encoded', () => {
  const byPath = { path: '/rooms/{room}/connect/{user}', key: { param: 'user' } };
  expect(pathOf(byPath, 'a/b ü')).toBe('/rooms/-/connect/a%2Fb%20%C3%BC');
  expect(pathOf({ path: '/ws', key: { query: 'user' } }, 'a&b')).toBe('/ws?user=a%26b');
  expect(pathOf({ path: '/{user...}', key: { param: 'user' } }, 'a/b')).toBe('/a%2Fb');
  const first = { first: [{ header: 'x-user' }, { query: 'user' }] };
  expect(pathOf({ prefix: '/app', key: first }, 'ada')).toBe('/app?user=ada');
});

test('the first route whose key a browser can give', () => {
  const header = { path: '/a', key: { header: 'x-user' } };
  const query = { path: '/b', key: { query: 'user' } };
  expect(usableRoute([header, query])).toBe(query);
  expect(usableRoute([header])).toBeUndefined();
  expect(
    usableRoute([
      { ...query, protocol: 'http' },
      { path: '/c', key: { none: true } },
    ]),
  ).toBeUndefined();
});
