import { expect, test } from 'vitest';
import { fillRandomly, randomText } from './random-pool.ts';

test('as many bytes as asked for, in the encoding that was asked for', () => {
  expect(Buffer.from(randomText(16, 'base64'), 'base64')).toHaveLength(16);
  expect(randomText(12, 'base64url')).toMatch(/^[\w-]{16}$/);
});

test('never the same twice, also where new bytes are drawn', () => {
  const texts = Array.from({ length: 2_000 }, (_, n) => randomText(n % 2 === 0 ? 16 : 12, 'base64url'));
  expect(new Set(texts).size).toBe(texts.length);
});

test('fills what it was asked to fill, and nothing else', () => {
  const buffer = Buffer.alloc(12, 0x55);
  const filled = Array.from({ length: 200 }, () => {
    fillRandomly(buffer, 4, 4);
    return buffer.readUInt32BE(4);
  });
  expect(new Set(filled).size).toBe(filled.length);
  expect(buffer.toString('hex')).toMatch(/^5{8}.{8}5{8}$/);
});

test('every bit is used', () => {
  let ones = new Array<number>(64).fill(0);
  for (let n = 0; n < 400; n++) {
    const bits = [...Buffer.from(randomText(8, 'base64'), 'base64')].flatMap((byte) =>
      Array.from({ length: 8 }, (_, bit) => (byte >> bit) & 1),
    );
    ones = ones.map((count, bit) => count + (bits[bit] ?? 0));
  }
  for (const count of ones) expect(Math.abs(count - 200)).toBeLessThan(100);
});
