import { describe, expect, test } from 'vitest';
import { forwardedHeaders, originOf } from './origin.ts';
import { TrustedProxies } from './trusted-proxies.ts';

const trusted = new TrustedProxies(['10.0.0.0/8', 'fd00::/8']);
const origin = (peer: string, headers: Record<string, string>) =>
  originOf(peer, { host: 'chat.example', ...headers }, trusted);

describe('a stranger', () => {
  test('is where it comes from, whatever it says', () => {
    const headers = {
      'x-forwarded-for': '198.51.100.9',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'bank.example',
      forwarded: 'for=198.51.100.9;proto=https;host=bank.example',
    };
    expect(origin('203.0.113.7', headers)).toEqual({
      addresses: ['203.0.113.7'],
      proto: 'http',
      host: 'chat.example',
    });
  });

  test('behind a trusted proxy loses what it says about others', () => {
    const headers = { 'x-forwarded-for': '198.51.100.9, 203.0.113.7', 'x-forwarded-proto': 'https' };
    expect(origin('10.0.0.1', headers)).toEqual({
      addresses: ['203.0.113.7', '10.0.0.1'],
      proto: 'https',
      host: 'chat.example',
    });
  });

  test('behind two trusted proxies is found, with its own values', () => {
    const headers = {
      'x-forwarded-for': '198.51.100.9, 203.0.113.7, 10.2.0.1',
      'x-forwarded-proto': 'gopher, https, http',
      'x-forwarded-host': 'bank.example, shop.example, inner.example',
    };
    expect(origin('10.0.0.1', headers)).toEqual({
      addresses: ['203.0.113.7', '10.2.0.1', '10.0.0.1'],
      proto: 'https',
      host: 'shop.example',
    });
  });
});

test('all addresses are trusted: the chain is kept whole', () => {
  expect(origin('10.0.0.1', { 'x-forwarded-for': '10.3.0.1, 10.2.0.1' }).addresses).toEqual([
    '10.3.0.1',
    '10.2.0.1',
    '10.0.0.1',
  ]);
});

test('X-Forwarded-* of a trusted proxy count before a Forwarded that it passed on', () => {
  const headers = { 'x-forwarded-for': '203.0.113.7', forwarded: 'for=198.51.100.9;proto=https;host=bank.example' };
  expect(origin('10.0.0.1', headers)).toEqual({
    addresses: ['203.0.113.7', '10.0.0.1'],
    proto: 'http',
    host: 'chat.example',
  });
});

test('Forwarded alone is understood, with quotes, ports and IPv6', () => {
  const headers = { forwarded: 'For="[2001:db8::7]:4711"; Proto=HTTPS;host="shop.example:8443" , for=10.2.0.1' };
  expect(origin('10.0.0.1', headers)).toEqual({
    addresses: ['2001:db8::7', '10.2.0.1', '10.0.0.1'],
    proto: 'https',
    host: 'shop.example:8443',
  });
});

test('of Forwarded, each proxy speaks for its own element', () => {
  const forwarded = 'for=198.51.100.9;host=bank.example;proto=https, for=203.0.113.7';
  expect(origin('10.0.0.1', { forwarded })).toEqual({
    addresses: ['203.0.113.7', '10.0.0.1'],
    proto: 'http',
    host: 'chat.example',
  });
});

test('without X-Forwarded-For, the value of the nearest proxy counts', () => {
  expect(origin('10.0.0.1', { 'x-forwarded-proto': 'https, http' })).toEqual({
    addresses: ['10.0.0.1'],
    proto: 'http',
    host: 'chat.example',
  });
});

test.each([
  ['x-forwarded-for', 'a:";proto=https'],
  ['x-forwarded-for', '_hidden'],
  ['forwarded', 'for="1.1.1.1, 2.2.2.2"'],
  ['forwarded', 'for="x'],
])('%s: %s names no address', (name, value) => {
  expect(origin('10.0.0.1', { [name]: value }).addresses).toEqual(['unknown', '10.0.0.1']);
});

test('an IPv4 address in an IPv6 one is the same client', () => {
  expect(origin('10.0.0.1', { 'x-forwarded-for': '::ffff:203.0.113.7' }).addresses[0]).toBe('203.0.113.7');
});

test('of a list that is longer than any row of proxies, the near end counts', () => {
  const host = 'h'.repeat(7_000);
  const { addresses, host: believed } = origin('10.0.0.1', {
    host,
    'x-forwarded-for': '10.0.0.1,'.repeat(5_000),
    'x-forwarded-host': host,
  });
  expect(addresses).toHaveLength(33);
  expect(believed).toBe(host); // its own Host, which has a limit of its own
});

test('a Forwarded that says more than any row of proxies has to say names no address', () => {
  const forwarded = (count: number) =>
    origin('10.0.0.1', { forwarded: `${'for=10.0.0.2,'.repeat(count)}for=203.0.113.7` }).addresses[0];
  expect(forwarded(30)).toBe('203.0.113.7');
  expect(forwarded(3_000)).toBe('unknown');
});

test.each(['for=', 'for="', 'for=a b', '=x', ';;', 'for=a;;', '"'])(
  'the malformed Forwarded %j is ignored',
  (value) => {
    expect(origin('10.0.0.1', { forwarded: value })).toMatchObject({ proto: 'http', host: 'chat.example' });
  },
);

test.each([
  ['x-forwarded-proto', 'javascript'],
  ['x-forwarded-host', 'a b'],
  ['x-forwarded-host', 'a"b'],
])('%s: %s of a trusted proxy is no value, and is not passed on', (name, value) => {
  expect(origin('10.0.0.1', { [name]: value })).toMatchObject({ proto: 'http', host: 'chat.example' });
});

test('an IPv4 block does not trust an IPv6 address, nor what is no address', () => {
  expect(['10.1.2.3', 'fd12::1', '11.0.0.1', '2001:db8::1', 'unknown', ''].map((one) => trusted.trusts(one))).toEqual([
    ...[true, true, false, false, false, false],
  ]);
});

test('both families say the same, in the first and the last element', () => {
  expect(
    forwardedHeaders({ addresses: ['2001:db8::7', '10.2.0.1', '10.0.0.1'], proto: 'https', host: 'shop.example:8443' }),
  ).toEqual([
    ['X-Real-IP', '2001:db8::7'],
    ['X-Forwarded-For', '2001:db8::7, 10.2.0.1, 10.0.0.1'],
    ['X-Forwarded-Proto', 'https'],
    ['X-Forwarded-Host', 'shop.example:8443'],
    [
      'Forwarded',
      'for="[2001:db8::7]";host="shop.example:8443";proto=https, for=10.2.0.1, for=10.0.0.1;host="shop.example:8443";proto=https',
    ],
  ]);
});
