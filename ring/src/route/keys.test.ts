import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slotOf } from '../hash.ts';
import { compileRoutes, type Routed } from './router.ts';
import type { Key, Route } from './schema.ts';

function route(route: Route, url: string, rawHeaders: readonly string[] = [], method = 'GET'): Routed {
  return compileRoutes([route]).route({ url, rawHeaders, method }, 'http');
}

function keyOf(key: Key, url: string, rawHeaders: readonly string[] = [], path = '/{a}/{rest...}'): string {
  const { choice } = route({ path, key }, url, rawHeaders);
  if (choice.kind !== 'key') throw new Error(`no key, but ${choice.kind}`);
  expect(choice.slot).toBe(slotOf(choice.key));
  return choice.key;
}

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('a key', () => {
  it('may be the rest of the path', () => {
    expect(keyOf({ param: 'rest' }, '/x/a/b')).toBe('a/b');
    expect(keyOf({ param: 'rest' }, '/x/a%2Fb?q')).toBe('a/b');
    expect(() => keyOf({ param: 'rest' }, '/x/')).toThrow(code('KEY_INVALID'));
  });

  it('may be in a subprotocol that begins with a prefix', () => {
    const key = { subprotocol: { prefix: 'user.', remove: true } };
    const offers = (...values: string[]) => values.flatMap((value) => ['sec-websocket-protocol', value]);
    expect(keyOf(key, '/x/', offers('chat.v1,  user.ada%20l'))).toBe('ada l');
    expect(keyOf(key, '/x/', offers('chat', 'user.ada'))).toBe('ada');
    expect(route({ path: '/', key }, '/', offers('user.ada')).subprotocol).toBe('user.ada');
    const kept = { path: '/', key: { subprotocol: { prefix: 'user.' } } };
    expect(route(kept, '/', offers('user.ada')).subprotocol).toBeUndefined();
    expect(() => keyOf(key, '/x/', offers('chat, User.ada'))).toThrow(code('KEY_MISSING'));
    expect(() => keyOf(key, '/x/', offers('user.ada', 'user.bob'))).toThrow(code('KEY_INVALID'));
    expect(() => keyOf(key, '/x/', offers('user.'))).toThrow(code('KEY_INVALID'));
  });

  it.each(['user.a\u00e9', 'user.a b', 'user.a"', 'user.a;x', 'user.a:b', 'user.a\tb', 'user.(a)'])(
    'is not in the subprotocol %j, which no answer could repeat',
    (offered) => {
      const key = { subprotocol: { prefix: 'user.' } };
      expect(() => keyOf(key, '/x/', ['Sec-WebSocket-Protocol', offered])).toThrow(code('KEY_INVALID'));
    },
  );

  it('may be the first of several that there is', () => {
    const key = { first: [{ query: 'u' }, { header: 'X-User' }, { cookie: 'u' }] };
    expect(keyOf(key, '/x/?u=ada', ['X-User', 'bob'])).toBe('ada');
    expect(keyOf(key, '/x/', ['Cookie', 'u=eve', 'X-User', 'bob'])).toBe('bob');
    expect(keyOf(key, '/x/', ['Cookie', 'u=eve'])).toBe('eve');
    expect(() => keyOf(key, '/x/')).toThrow('one of: the query parameter u, the header X-User, the cookie u');
  });

  it('that is damaged is refused, and not looked for elsewhere', () => {
    const key = { first: [{ query: 'u' }, { cookie: 'u' }] };
    expect(() => keyOf(key, '/x/?u=', ['Cookie', 'u=eve'])).toThrow(code('KEY_INVALID'));
    expect(() => keyOf(key, '/x/?u=1&u=1', ['Cookie', 'u=eve'])).toThrow(code('KEY_INVALID'));
  });

  it('may be joined of several, all of which must be there', () => {
    const key = { all: [{ param: 'a' }, { query: 'u' }] };
    expect(keyOf(key, '/x/?u=b%2Fc')).toBe('x/b%2Fc');
    expect(() => keyOf(key, '/x/')).toThrow('the segment a and the query parameter u');
    const long = 'x'.repeat(600);
    expect(() => keyOf(key, `/${long}/?u=${long}`)).toThrow(code('KEY_INVALID'));
  });

  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).filter((one) => one.isWellFormed());
  const parts = fc.array(text, { minLength: 2, maxLength: 3 });
  const names = ['p', 'q', 'r'];
  const joined = (values: readonly string[], encode: (one: string) => string) =>
    keyOf(
      { all: values.map((_, at) => ({ query: names[at] as string })) },
      `/x/?${values.map((value, at) => `${names[at]}=${encode(value)}`).join('&')}`,
    );

  it('joined of parts that differ differs', () => {
    const close = fc.tuple(parts, parts);
    const slashes = fc.array(
      fc.string({ unit: fc.constantFrom('/', '%', '2', 'F', 'a'), minLength: 1, maxLength: 5 }),
      {
        minLength: 2,
        maxLength: 3,
      },
    );
    fc.assert(
      fc.property(fc.oneof(close, fc.tuple(slashes, slashes)), ([some, others]) => {
        const same = JSON.stringify(some) === JSON.stringify(others);
        expect(joined(some, encodeURIComponent) === joined(others, encodeURIComponent)).toBe(same);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is the same key by each way of spelling it, and wherever it is', () => {
    // Which no path may have.
    const hasDotSegment = (one: string) => /(?:^|[/\\])\.{1,2}(?:[/\\]|$)/.test(one);
    const everyByte = (one: string) =>
      [...Buffer.from(one)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
    fc.assert(
      fc.property(parts, text, (values, one) => {
        expect(joined(values, everyByte)).toBe(joined(values, encodeURIComponent));
        const [plain, spelt] = [encodeURIComponent(one), everyByte(one)];
        const places = [
          keyOf({ query: 'k' }, `/x/?k=${plain}`),
          keyOf({ query: 'k' }, `/x/?k=${spelt}`),
          keyOf({ header: 'K' }, '/x/', ['K', spelt]),
          keyOf({ cookie: 'k' }, '/x/', ['Cookie', `k=${spelt}`]),
          keyOf({ subprotocol: { prefix: 'k.' } }, '/x/', ['Sec-WebSocket-Protocol', `k.${spelt}`]),
          ...(hasDotSegment(one) ? [] : [keyOf({ param: 'rest' }, `/x/${spelt}`)]),
          keyOf({ first: [{ query: 'k' }, { header: 'K' }] }, '/x/', ['K', spelt]),
        ];
        expect(new Set(places)).toEqual(new Set([one]));
      }),
      { numRuns: 500, examples: [[['a', 'b'], '.']] },
    );
  });
});

describe('a generated cookie', () => {
  const key = { cookie: 'wsc', generate: {} };

  it('has a random key, and is made only for who has none', () => {
    const [one, other] = [route({ path: '/', key }, '/'), route({ path: '/', key }, '/', ['Cookie', 'x=1'])];
    expect(one.setCookie).toMatch(/^wsc=[\w-]{22}; Path=\/; HttpOnly; SameSite=Lax$/);
    expect(other.setCookie).not.toBe(one.setCookie);
    const value = one.setCookie?.split(/[=;]/)[1] ?? '';
    expect(one.choice).toEqual({ kind: 'key', key: value, slot: slotOf(value) });
    const again = route({ path: '/', key }, '/', ['Cookie', `a=1; wsc=${value}`]);
    expect(again).toMatchObject({ choice: { key: value }, setCookie: undefined });
  });

  it('has the attributes of its route', () => {
    const generate = { maxAge: 3_600, secure: true, sameSite: 'None' as const };
    expect(route({ path: '/', key: { cookie: 'wsc', generate } }, '/').setCookie).toMatch(
      /^wsc=[\w-]{22}; Path=\/; HttpOnly; SameSite=None; Max-Age=3600; Secure$/,
    );
  });

  it.each(['wsc=', 'wsc=%ff', `wsc=${'x'.repeat(1_025)}`])('replaces %j, which is no key', (cookie) => {
    expect(route({ path: '/', key }, '/', ['Cookie', cookie]).setCookie).toBeDefined();
  });

  it('that is given twice is refused', () => {
    expect(() => route({ path: '/', key }, '/', ['Cookie', 'wsc=a; wsc=b'])).toThrow(code('KEY_INVALID'));
  });

  it('comes last of several', () => {
    const first = { first: [{ query: 'u' }, key] };
    expect(route({ path: '/', key: first }, '/?u=ada')).toMatchObject({ choice: { key: 'ada' }, setCookie: undefined });
    expect(route({ path: '/', key: first }, '/').setCookie).toBeDefined();
    const all = { all: [{ query: 'u' }, key] };
    const { choice, setCookie = '' } = route({ path: '/', key: all }, '/?u=ada');
    expect(choice).toMatchObject({ key: `ada/${setCookie.split(/[=;]/)[1]}` });
  });
});

describe('a request without a key', () => {
  it('goes to any node, or to the one that it names', () => {
    expect(route({ prefix: '/', key: { none: true } }, '/x').choice).toEqual({ kind: 'any' });
    const named = { path: '/{process}/x', key: { node: { param: 'process' } } };
    expect(route(named, '/p%201/x').choice).toEqual({ kind: 'node', node: 'p 1' });
    expect(() => route({ path: '/x', key: { node: { query: 'n' } } }, '/x')).toThrow(code('KEY_MISSING'));
  });

  it.each<Key>([
    { query: 'u' },
    { first: [{ query: 'u' }, { cookie: 'c', generate: {} }] },
    { all: [{ header: 'X-User' }, { cookie: 'c', generate: {} }] },
    { node: { query: 'u' } },
  ])('goes to any node if it is an OPTIONS: %j', (key) => {
    const found = route({ path: '/', key }, '/', [], 'OPTIONS');
    expect(found.choice).toEqual({ kind: 'any' });
    expect(found.setCookie).toBeUndefined();
  });

  it('goes by its key if it is an OPTIONS that has one', () => {
    expect(route({ path: '/', key: { query: 'u' } }, '/?u=ada', [], 'OPTIONS').choice).toMatchObject({ key: 'ada' });
    expect(() => route({ path: '/', key: { query: 'u' } }, '/?u=', [], 'OPTIONS')).toThrow(code('KEY_INVALID'));
  });
});

describe('a rewritten path', () => {
  const rewritten = (rewrite: Route['rewrite'], url: string) =>
    route({ prefix: '/', key: { none: true }, ...(rewrite && { rewrite }) }, url).url;

  it.each([
    [{ prefix: '/chat' }, '/chat/room/1?x=/chat', '/room/1?x=/chat'],
    [{ prefix: '/chat' }, '/chat', '/'],
    [{ prefix: '/chat' }, '/chat?', '/?'],
    [{ prefix: '/chat' }, '/chat/', '/'],
    [{ prefix: '/chat', replacement: '/ws/v2' }, '/chat/a%2Fb', '/ws/v2/a%2Fb'],
    [{ prefix: '/chat', replacement: '/ws' }, '/chat', '/ws'],
    [{ prefix: '/', replacement: '/ws' }, '/a', '/ws/a'],
    [{ prefix: '/', replacement: '/ws' }, '/', '/ws/'],
  ])('by %j: %s becomes %s', (rewrite, url, expected) => {
    expect(rewritten(rewrite, url)).toBe(expected);
  });

  it('never begins with two slashes, which others take for a host', () => {
    expect(() => rewritten({ prefix: '/chat' }, '/chat//evil/x')).toThrow(code('REQUEST_INVALID'));
    expect(rewritten({ prefix: '/chat', replacement: '/ws' }, '/chat//x')).toBe('/ws//x');
  });
});
