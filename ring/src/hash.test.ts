import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { murmur3, murmur3Bytes, murmur3Pair, slotOf } from './hash.ts';

function vectors<T>(file: string): T[] {
  return JSON.parse(readFileSync(new URL(`../vectors/${file}`, import.meta.url), 'utf8')).vectors;
}

describe('MurmurHash3 x86 32', () => {
  test.each(vectors<{ bytes: string; hash: string }>('murmur3-x86-32.json'))(
    'agrees with the published vector $bytes',
    ({ bytes, hash }) => {
      expect(murmur3Bytes(Buffer.from(bytes, 'hex'))).toBe(Number.parseInt(hash, 16));
    },
  );

  test('gives for every text what it gives for the bytes that TextEncoder makes of it, lone surrogates included', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.string({ unit: 'binary-ascii' }),
      fc.string({ unit: fc.integer({ min: 0xd7f0, max: 0xe00f }).map((unit) => String.fromCharCode(unit)) }),
      fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)), maxLength: 40 }),
    );
    fc.assert(fc.property(texts, (text) => murmur3(text) === murmur3Bytes(new TextEncoder().encode(text))));
    expect(murmur3('\ud800')).toBe(murmur3('\ufffd'));
  });

  test('hashes texts that are longer than any key', () => {
    for (const text of ['é'.repeat(3000), 'x'.repeat(3000), `${'x'.repeat(3000)}é`])
      expect(murmur3(text)).toBe(murmur3Bytes(new TextEncoder().encode(text)));
  });

  test('hashes a pair of numbers like their eight little-endian bytes', () => {
    const uint32 = fc.nat(0xffff_ffff);
    fc.assert(
      fc.property(uint32, uint32, (first, second) => {
        const bytes = Buffer.alloc(8);
        bytes.writeUInt32LE(first, 0);
        bytes.writeUInt32LE(second, 4);
        return murmur3Pair(first, second) === murmur3Bytes(bytes);
      }),
    );
  });
});

test.each(vectors<{ key: string; hash: number; slot: number }>('slots.json'))(
  '$key has the published slot $slot',
  ({ key, hash, slot }) => {
    expect(murmur3(key)).toBe(hash);
    expect(slotOf(key)).toBe(slot);
  },
);
