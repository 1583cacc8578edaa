import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { murmur3Bytes } from '../hash.ts';
import { negativeLog, pairCost, surelyDearer } from './cost.ts';

const hashes = fc.oneof(
  fc.nat(0xffff_ffff),
  fc.nat(1000),
  fc.nat(1000).map((n) => 0xffff_ffff - n),
  // about sqrt(1/2), where the mantissa is chosen
  fc.integer({ min: -1000, max: 1000 }).map((n) => Math.round(2 ** 31.5) + n),
);
const weights = fc.double({ min: 0.01, max: 1000, noNaN: true });

describe('the logarithm', () => {
  test('is as good as that of the engine', () => {
    fc.assert(
      fc.property(hashes, (hash) => {
        const u = (hash + 0.5) / 2 ** 32;
        const expected = u > 0.5 ? -Math.log1p(u - 1) : -Math.log(u);
        expect(Math.abs(negativeLog(hash) - expected)).toBeLessThanOrEqual(1e-15 * expected);
      }),
      { numRuns: 20_000 },
    );
  });

  // The bits, as computed by CPython too: a compiler that contracts a * b + c would change them.
  test.each([
    [0, 'be0bf216b5df3640'],
    [1, '8e3b476f76c63540'],
    [0x7fff_ffff, 'ef391aff422ee63f'],
    [0xb504_f333, '3c5025ff422ed63f'],
    [0xdead_beef, '79524cc66ad9c13f'],
    [0xffff_ffff, '000004000000e03d'],
  ])('of hash %i has the bits %s', (hash, bits) => {
    expect(Buffer.from(new Float64Array([negativeLog(hash)]).buffer).toString('hex')).toBe(bits);
  });
});

describe('what a pair costs', () => {
  test('depends on both numbers as little-endian bytes, and falls with the weight', () => {
    const hash = murmur3Bytes(Buffer.from('0201000004030000', 'hex'));
    expect(pairCost(0x0102, 0x0304, 1)).toBe(negativeLog(hash));
    expect(pairCost(0x0102, 0x0304, 3)).toBe(negativeLog(hash) / 3);
  });

  test('is never below what a quick look rules out', () => {
    fc.assert(
      fc.property(hashes, weights, (hash, weight) => !surelyDearer(hash, 1 / weight, negativeLog(hash) / weight)),
      { numRuns: 20_000 },
    );
  });

  test('is mostly ruled out by a quick look when it is well above the limit', () => {
    expect(surelyDearer(0.9 * 2 ** 32, 1, 0.09)).toBe(true);
    expect(surelyDearer(0.9 * 2 ** 32, 0.5, 0.04)).toBe(true);
    expect(surelyDearer(0.9 * 2 ** 32, 1, Number.POSITIVE_INFINITY)).toBe(false);
  });
});
