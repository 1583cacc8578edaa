import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SLOTS } from '../ring.ts';
import { decodeSlotChanges, decodeSlotCounts, encodeSlotChanges, encodeSlotCounts } from './slot-counts.ts';

const damaged = (message: RegExp) =>
  expect.objectContaining({ code: 'MESSAGE_INVALID', field: 'connections', message: expect.stringMatching(message) });

const base64 = (...bytes: number[]) => Buffer.from(bytes).toString('base64');

/** Compares far faster than toEqual. */
const bytesOf = (entries: Uint32Array) => Buffer.from(entries.buffer);

describe('connections by slot on the wire', () => {
  test('come back as they were, from an array and from a map in any order', () => {
    const sparse = fc.uniqueArray(fc.tuple(fc.nat(SLOTS - 1), fc.nat(0xffff_ffff)), { selector: ([slot]) => slot });
    fc.assert(
      fc.property(sparse, (entries) => {
        const counts = new Uint32Array(SLOTS);
        for (const [slot, count] of entries) counts[slot] = count;
        const text = encodeSlotCounts(counts);
        expect(encodeSlotCounts(new Map(entries))).toBe(text);
        expect(bytesOf(decodeSlotCounts(text)).equals(bytesOf(counts))).toBe(true);
      }),
    );
  });

  test('come back when every slot has as many as can be', () => {
    const counts = new Uint32Array(SLOTS).fill(0xffff_ffff);
    expect(bytesOf(decodeSlotCounts(encodeSlotCounts(counts))).equals(bytesOf(counts))).toBe(true);
  });

  test('are the empty text when there are none', () => {
    expect(encodeSlotCounts(new Uint32Array(SLOTS))).toBe('');
    expect(encodeSlotCounts(new Map([[5, 0]]))).toBe('');
    expect(bytesOf(decodeSlotCounts('')).equals(bytesOf(new Uint32Array(SLOTS)))).toBe(true);
  });

  test('that have changed come back, also those of a slot that has none left', () => {
    const changes = [
      [0, 7],
      [3, 0],
      [SLOTS - 1, 1],
    ] as const;
    expect(decodeSlotChanges(encodeSlotChanges(changes))).toEqual(changes);
    expect(decodeSlotChanges(encodeSlotChanges([]))).toEqual([]);
    expect(() =>
      encodeSlotChanges([
        [3, 1],
        [3, 2],
      ]),
    ).toThrow(/cannot hold/);
  });

  test('are gaps and counts, so that another language can write them', () => {
    const text = encodeSlotCounts(
      new Map([
        [300, 2],
        [0, 1],
        [301, 128],
      ]),
    );
    expect(text).toBe(base64(0, 1, 0xab, 0x02, 2, 0, 0x80, 0x01));
  });

  test.each([
    ['no base64', 'A===', /not base64/],
    ['cut within a number', base64(0x80), /ends within/],
    ['cut between a gap and its count', base64(1, 1, 1), /ends within/],
    ['beyond the last slot', base64(0x80, 0x80, 0x04, 1), /slot 65536/],
    ['beyond the last slot in two steps', base64(0xff, 0xff, 0x03, 1, 0, 1), /slot 65536/],
    ['empty at a named slot', base64(3, 0), /count of 0 for slot 3/],
    ['a count above 32 bits', base64(0, 0xff, 0xff, 0xff, 0xff, 0x1f), /malformed or above/],
    ['a number of six bytes', base64(0, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01), /malformed or above/],
    ['a number in a longer form than needed', base64(0x80, 0, 1), /malformed or above/],
    ['longer than can be', 'A'.repeat(SLOTS * 12), /longer than/],
  ])('are refused when they are %s', (_what, text, message) => {
    expect(() => decodeSlotCounts(text)).toThrow(damaged(message));
  });

  test('of any damaged text are counts or MESSAGE_INVALID, never another failure', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 30 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64');
        try {
          // One meaning, one form: what is accepted is what would be sent.
          expect(encodeSlotCounts(decodeSlotCounts(text))).toBe(text);
        } catch (error) {
          expect(error).toEqual(damaged(/./));
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('can only be told of slots that exist', () => {
    for (const wrong of [new Map([[SLOTS, 1]]), new Map([[-1, 1]]), new Map([[0, -1]]), new Map([[0, 0.5]])])
      expect(() => encodeSlotCounts(wrong)).toThrow(/cannot hold/);
  });
});
