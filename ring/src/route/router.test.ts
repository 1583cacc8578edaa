import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { WsClusterError } from '../errors.ts';
import { slotOf } from '../hash.ts';
import type { RoutedRequest } from './request.ts';
import { compileRoutes } from './router.ts';
import type { Route } from './schema.ts';

/** A request as Node hands it over. */
function request(url: string, rawHeaders: readonly string[] = []): RoutedRequest {
  return { url, rawHeaders };
}

function keyOf(routes: readonly Route[], url: string, rawHeaders: readonly string[] = []): string {
  const { choice } = compileRoutes(routes).route(request(url, rawHeaders), 'http');
  return choice.kind === 'key' ? choice.key : '';
}

/** A template for each number of segments. */
function templates(most: number): Route[] {
  return Array.from({ length: most }, (_, i) => ({
    path: `/${Array.from({ length: i + 1 }, (_, at) => `{s${at}}`).join('/')}`,
    key: { param: 's0' },
  }));
}

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('a router', () => {
  it('takes the key from a placeholder of the path, decoded once', () => {
    const routes = [{ path: '/connect/{userId}/{room}', key: { param: 'userId' } }];
    expect(keyOf(routes, '/connect/ada/7?x=1')).toBe('ada');
    expect(keyOf(routes, '/connect/a+b%2B%2525/7')).toBe('a+b+%25');
    expect(keyOf(routes, '/connect/gr%C3%BC%C3%9Fe/7')).toBe('grüße');
    const { choice } = compileRoutes(routes).route(request('/connect/ada/7'), 'http');
    expect(choice).toMatchObject({ slot: slotOf('ada') });
  });

  it('prefers literal segments to placeholders, and comes back from a dead end', () => {
    const routes: Route[] = [
      { path: '/a/{any}/x', key: { param: 'any' } },
      { path: '/a/me/y', key: { query: 'k' } },
      { path: '/a/me', key: { query: 'k' } },
      { path: '/a/{any}', key: { param: 'any' } },
    ];
    expect(keyOf(routes, '/a/me/x')).toBe('me');
    expect(keyOf(routes, '/a/me?k=1')).toBe('1');
    expect(keyOf(routes, '/a/you?k=1')).toBe('you');
  });

  it('takes the first of two templates that match the same paths', () => {
    const routes = [
      { path: '/a/{x}', key: { query: 'first' } },
      { path: '/a/{y}', key: { query: 'second' } },
    ];
    expect(keyOf(routes, '/a/b?first=1&second=2')).toBe('1');
  });

  it.each(['/', '/connect', '/connect/', '/connect/a/', '/connect/a/b', '/connect//a', '/Connect/a', '/c%6fnnect/a'])(
    'has no route for %s',
    (url) => {
      const routes = [{ path: '/connect/{userId}', key: { param: 'userId' } }];
      // An empty segment is a placeholder without a key.
      expect(() => keyOf(routes, url)).toThrow(code(url === '/connect/' ? 'KEY_INVALID' : 'NO_ROUTE'));
    },
  );

  it.each([
    ...['/a/./b', '/a/../b', '/a/..', '/.', '/a/%2e%2E/b', '/a/.%2e', 'http://evil/a', '*', ''],
    ...['/a\\b', '/\\evil/a', '//evil/a', '/a#b', '/a?x#b', '/a/..;/b', '/a/.;x=1'],
  ])('refuses %s, which others may read as another path', (url) => {
    expect(() => keyOf([{ path: '/{k}', key: { param: 'k' } }], url)).toThrow(code('REQUEST_INVALID'));
  });

  it('routes nothing that a WHATWG URL reads as another path or query', () => {
    const unit = fc.constantFrom(...'/\\.?#;:@%25eE2aA&=+{}[]|^`"<>~!$\'()*,');
    const router = compileRoutes([{ path: '/', key: { query: 'k' } }, ...templates(6)]);
    const escaped = (text: string) => text.replace(/["<>`{}^'|]/g, (char) => `%${char.charCodeAt(0).toString(16)}`);
    const plain = (text: string) =>
      escaped(text.replace(/%(22|27|3c|3e|5e|60|7b|7c|7d)/gi, (hex) => hex.toLowerCase()));
    fc.assert(
      fc.property(fc.string({ unit, maxLength: 20 }), (rest) => {
        const url = `/${rest}`;
        try {
          router.route(request(url), 'http');
        } catch (error) {
          // Whoever reads the path is reached by no request with another error.
          if ((error as WsClusterError).code === 'REQUEST_INVALID') return;
        }
        const { host, pathname, search } = new URL(url, 'http://node');
        const query = url.includes('?') ? url.slice(url.indexOf('?')) : '';
        expect([host, plain(pathname)]).toEqual(['node', plain(url.split('?')[0] ?? '')]);
        expect(plain(search)).toBe(plain(query === '?' ? '' : query));
      }),
      { numRuns: 1_000 },
    );
  });

  it('lets dots be part of a key', () => {
    expect(keyOf([{ path: '/{k}', key: { param: 'k' } }], '/...')).toBe('...');
    expect(keyOf([{ path: '/{k}', key: { param: 'k' } }], '/.ada')).toBe('.ada');
  });

  it('takes the key from a query parameter', () => {
    const routes = [{ path: '/send', key: { query: 'userId' } }];
    expect(keyOf(routes, '/send?x=1&userId=a%26b+c&userIdx=2')).toBe('a&b+c');
    expect(keyOf(routes, '/send?user%49d=ada')).toBe('ada');
    expect(() => keyOf(routes, '/send')).toThrow(code('KEY_MISSING'));
    expect(() => keyOf(routes, '/send?userid=a')).toThrow(code('KEY_MISSING'));
    expect(() => keyOf(routes, '/send?userId')).toThrow(code('KEY_INVALID'));
    expect(() => keyOf(routes, '/send?userId=a&userId=a')).toThrow(code('KEY_INVALID'));
    expect(() => keyOf(routes, '/send?userId=a&user%49d=b')).toThrow(code('KEY_INVALID'));
    expect(() => keyOf(routes, '/send?userId=%ff')).toThrow(code('KEY_INVALID'));
  });

  it('takes the key from a header', () => {
    const routes = [{ path: '/send', key: { header: 'X-User' } }];
    expect(keyOf(routes, '/send', ['x-user', 'ada'])).toBe('ada');
    expect(() => keyOf(routes, '/send', ['X-Other', 'ada'])).toThrow(code('KEY_MISSING'));
    expect(() => keyOf(routes, '/send', ['X-User', 'ada', 'x-user', 'ada'])).toThrow(code('KEY_INVALID'));
  });

  it('takes the key from a cookie', () => {
    const routes = [{ path: '/send', key: { cookie: 'uid' } }];
    expect(keyOf(routes, '/send', ['Cookie', 'a=1; uid=ada%20l; b=2'])).toBe('ada l');
    expect(keyOf(routes, '/send', ['Cookie', 'uid="ada"'])).toBe('ada');
    expect(() => keyOf(routes, '/send', ['Cookie', 'xuid=1'])).toThrow(code('KEY_MISSING'));
    expect(() => keyOf(routes, '/send', ['Cookie', 'uid=1', 'Cookie', 'uid=2'])).toThrow(code('KEY_INVALID'));
  });
});
