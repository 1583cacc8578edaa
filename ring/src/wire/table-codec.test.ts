import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { NO_OWNER, SLOTS } from '../ring.ts';
import { decodeTable, encodeTable } from './table-codec.ts';

const damaged = (message: RegExp) =>
  expect.objectContaining({ code: 'MESSAGE_INVALID', field: 'table', message: expect.stringMatching(message) });

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString('base64');

/** Compares far faster than toEqual. */
const bytesOf = (entries: Uint16Array) => Buffer.from(entries.buffer);

describe('a table on the wire', () => {
  test('comes back as it was, whatever it holds, for any number of members', () => {
    const counts = fc.oneof(fc.nat(20), fc.nat(8192), fc.constantFrom(0, 1, 255, 256, 4095, 4096, 8192));
    const somePattern = fc.array(fc.nat(8192), { minLength: 1, maxLength: 50 });
    fc.assert(
      fc.property(counts, somePattern, (memberCount, pattern) => {
        const entryOf = (n: number) => (n % (memberCount + 1) === memberCount ? NO_OWNER : n % (memberCount + 1));
        const table = new Uint16Array(SLOTS).map((_, slot) => entryOf(pattern[slot % pattern.length] ?? 0));
        expect(bytesOf(decodeTable(encodeTable(table, memberCount), memberCount)).equals(bytesOf(table))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('has as many bits for each slot as it takes, the lowest first', () => {
    const table = new Uint16Array(SLOTS).fill(NO_OWNER);
    table[0] = 4;
    table[2] = 2;
    table[3] = 1;
    const bytes = Buffer.from(encodeTable(table, 5), 'base64');
    expect(bytes.length).toBe((SLOTS * 3) / 8);
    expect([...bytes.subarray(0, 3)]).toEqual([0b11_000_101, 0b0000_010_0, 0]);
  });

  test('may name nobody, but no member that does not exist', () => {
    const table = new Uint16Array(SLOTS).fill(NO_OWNER);
    expect(bytesOf(decodeTable(encodeTable(table, 0), 0)).equals(bytesOf(table))).toBe(true);
    table[7] = 5;
    expect(decodeTable(encodeTable(table, 6), 6)[7]).toBe(5);
    expect(() => decodeTable(encodeTable(table, 6), 5)).toThrow(damaged(/slot 7 names member 5 of only 5/));
    expect(() => encodeTable(table, 5)).toThrow(/slot 7 names member 5 of only 5/);
  });

  test.each([
    ['too short', base64(new Uint8Array(SLOTS / 2 - 1)), /32767 bytes, must have 32768 for 10 members/],
    ['too long', base64(new Uint8Array(SLOTS / 2 + 1)), /32769 bytes/],
    ['of other members', base64(new Uint8Array((SLOTS * 3) / 8)), /24576 bytes/],
    ['empty', '', /has 0 bytes/],
    ['not base64', '*'.repeat(40), /not base64/],
    ['longer than any table', 'A'.repeat(1_000_000), /longer than/],
  ])('is refused when it is %s', (_what, text, message) => {
    expect(() => decodeTable(text, 10)).toThrow(damaged(message));
  });

  test('has SLOTS entries when it is sent', () => {
    expect(() => encodeTable(new Uint16Array(10), 1)).toThrow(/65536 entries, not 10/);
  });
});
