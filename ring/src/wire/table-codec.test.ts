import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_OWNER, SLOTS } from '../ring.ts';
import { decodeTable, encodeTable } from './table-codec.ts';

const damaged = (message: RegExp) =>
  expect.objectContaining({ code: 'MESSAGE_INVALID', field: 'table', message: expect.stringMatching(message) });

const deflated = (bytes: Uint8Array) => deflateRawSync(bytes).toString('base64');

/** Compares far faster than toEqual. */
const bytesOf = (entries: Uint16Array) => Buffer.from(entries.buffer);

describe('a table on the wire', () => {
  test('comes back as it was, whatever it holds', () => {
    const entries = fc.uint16Array({ minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(entries, (pattern) => {
        const table = Uint16Array.from({ length: SLOTS }, (_, slot) => pattern[slot % pattern.length] ?? 0);
        expect(bytesOf(decodeTable(encodeTable(table), NO_OWNER)).equals(bytesOf(table))).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test('comes back even when it cannot be compressed', () => {
    const table = Uint16Array.from({ length: SLOTS }, (_, slot) => (Math.imul(slot + 1, 0x9e3779b1) >>> 16) % NO_OWNER);
    expect(bytesOf(decodeTable(encodeTable(table), NO_OWNER)).equals(bytesOf(table))).toBe(true);
  });

  test('has the low bytes first, then the high ones', () => {
    const bytes = new Uint8Array(SLOTS * 2);
    bytes[0] = 1;
    bytes[SLOTS + 1] = 1;
    expect([...decodeTable(deflated(bytes), 300).subarray(0, 2)]).toEqual([1, 256]);
  });

  test('may name nobody, but no member that does not exist', () => {
    const table = new Uint16Array(SLOTS).fill(NO_OWNER);
    expect(decodeTable(encodeTable(table), 0)).toEqual(table);
    table[7] = 3;
    expect(decodeTable(encodeTable(table), 4)[7]).toBe(3);
    expect(() => decodeTable(encodeTable(table), 3)).toThrow(damaged(/slot 7 names member 3 of only 3/));
  });

  test.each([
    ['too short', deflated(new Uint8Array(SLOTS * 2 - 1)), /131071 bytes/],
    ['too long', deflated(new Uint8Array(SLOTS * 2 + 1)), /cannot be inflated/],
    ['a bomb of 256 MiB', deflated(Buffer.alloc(2 ** 28)), /longer than|cannot be inflated/],
    ['a bomb of 8 MiB', deflated(Buffer.alloc(2 ** 23)), /cannot be inflated/],
    ['empty', '', /cannot be inflated/],
    ['not deflated', Buffer.from('hello, world').toString('base64'), /cannot be inflated/],
    ['cut', deflated(new Uint8Array(SLOTS * 2)).slice(0, 40), /cannot be inflated/],
    ['not base64', '*'.repeat(40), /not base64/],
    ['longer than any table', 'A'.repeat(1_000_000), /longer than/],
  ])('is refused when it is %s', (_what, text, message) => {
    expect(() => decodeTable(text, 10)).toThrow(damaged(message));
  });

  test('has SLOTS entries when it is sent', () => {
    expect(() => encodeTable(new Uint16Array(10))).toThrow(/65536 entries, not 10/);
  });
});
