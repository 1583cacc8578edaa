import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalKey, encodeKey, MAX_KEY_BYTES, plainKey } from './key.ts';

const KEY_INVALID = expect.objectContaining({ name: 'WsClusterError', code: 'KEY_INVALID', field: 'key' });

/** Text as Node hands over the bytes of a request target or header. */
const asLatin1 = (text: string) => Buffer.from(text, 'utf8').toString('latin1');

const validKeys = fc
  .string({ unit: 'binary', minLength: 1, maxLength: 300 })
  .filter((key) => Buffer.byteLength(key) <= MAX_KEY_BYTES);

describe('a canonical key', () => {
  test.each([
    ['user-1', 'user-1'],
    ['a+b', 'a+b'],
    ['a%20b', 'a b'],
    ['a%2Fb%3fc', 'a/b?c'],
    ['%2541', '%41'],
    ['caf%C3%A9', 'café'],
    ['caf%c3%a9', 'café'],
    [asLatin1('café'), 'café'],
    [`${asLatin1('🙂')}%F0%9F%99%82`, '🙂🙂'],
    ['e%CC%81', 'e\u0301'],
    ['%EF%BB%BFx', '\ufeffx'],
    ['%00', '\0'],
  ])('of %j is %j', (raw, key) => {
    expect(canonicalKey(raw)).toBe(key);
  });

  test.each([
    ['an empty key', ''],
    ['a lone percent sign', '100%'],
    ['a cut escape', 'a%4'],
    ['an escape that is not hex', '%zz'],
    ['a cut UTF-8 sequence', '%C3'],
    ['an overlong UTF-8 sequence', '%C0%AF'],
    ['an encoded surrogate', '%ED%A0%80'],
    ['a raw byte that is not UTF-8', 'caf\u00e9'],
    ['a character that is no byte', 'user-\u{1f642}'],
    ['1,025 bytes', 'x'.repeat(1025)],
    ['1,025 escaped bytes', '%78'.repeat(1025)],
    ['1,026 bytes of two-byte characters', '%C3%A9'.repeat(513)],
    ['more than can fit', 'x'.repeat(1_000_000)],
  ])('cannot be made of %s', (_what, raw) => {
    expect(() => canonicalKey(raw)).toThrow(KEY_INVALID);
  });

  test('may have up to 1,024 bytes, however they are written', () => {
    for (const raw of ['x'.repeat(1024), '%78'.repeat(1024), '%C3%A9'.repeat(512), asLatin1('é'.repeat(512))])
      expect(Buffer.byteLength(canonicalKey(raw))).toBe(1024);
  });

  test('comes back from the form that nodes get', () => {
    fc.assert(fc.property(validKeys, (key) => canonicalKey(encodeKey(key)) === key));
  });

  test('is the same whether its UTF-8 bytes were escaped or not, but for the percent sign', () => {
    fc.assert(
      fc.property(
        validKeys,
        (key) => canonicalKey(asLatin1(key.replaceAll('%', '%25'))) === canonicalKey(encodeKey(key)),
      ),
    );
  });

  test('of any text is a key or KEY_INVALID, never another failure', () => {
    const pieces = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 3 }),
      fc.constantFrom('%', '%C3', '%A9', '%4', '\xe9'),
    );
    fc.assert(
      fc.property(
        fc.array(pieces).map((parts) => parts.join('')),
        (raw) => {
          try {
            return plainKey(canonicalKey(raw)).length > 0;
          } catch (error) {
            expect(error).toEqual(KEY_INVALID);
            return true;
          }
        },
      ),
    );
  });
});

test('plain text is a key as it stands, unless it has a lone surrogate or the wrong length', () => {
  expect(plainKey('100% é+')).toBe('100% é+');
  expect(plainKey('é'.repeat(512))).toHaveLength(512);
  for (const text of ['', '\ud83d', 'x\udc00y', 'é'.repeat(513)]) expect(() => plainKey(text)).toThrow(KEY_INVALID);
});

test('only a valid key can be encoded for a node', () => {
  expect(encodeKey('a b/é')).toBe('a%20b%2F%C3%A9');
  expect(() => encodeKey('\ud83d')).toThrow(KEY_INVALID);
});
