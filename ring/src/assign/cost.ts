import { murmur3Pair } from '../hash.ts';

/**
 * The cost of putting a slot on a member: -ln(u) / weight, where u = (hash + 0.5) / 2^32 lies strictly between 0 and 1
 * and hash is MurmurHash3 of slot and ring id, each as a little-endian 32-bit number. Giving every slot to its cheapest
 * member is weighted rendezvous hashing: shares follow the weights, and the cost of a pair does not depend on other
 * members.
 */
export function pairCost(slot: number, ringId: number, weight: number): number {
  return negativeLog(murmur3Pair(slot, ringId)) / weight;
}

/**
 * A cheap test that rules out most pairs: true means that a pair with this hash costs more than `limit`, because -ln(u)
 * >= 1 - u; false means that it may or may not. The slack is a thousand times the possible rounding error on either
 * side, so no pair is ruled out wrongly.
 */
export function surelyDearer(hash: number, inverseWeight: number, limit: number): boolean {
  return (ONE - 0.5 - hash) * inverseWeight > limit * (ONE * (1 + 1e-12));
}

const ONE = 2 ** 32;

/**
 * -ln((hash + 0.5) / 2^32). Math.log may differ in its last bit between engines, and two controllers could then
 * disagree about a slot. This uses only + - * /, which IEEE 754 defines to the bit. Relative error below 1e-15.
 */
export function negativeLog(hash: number): number {
  // u = mantissa / 2^exponent, exactly, with the mantissa from sqrt(1/2) up to sqrt(2)
  let exponent = Math.clz32(hash);
  let mantissa = ((hash + 0.5) * (POWERS_OF_TWO[exponent] ?? 0)) / ONE;
  if (mantissa < Math.SQRT1_2) {
    mantissa *= 2;
    exponent += 1;
  }
  // ln(m) = 2 artanh(s), s = (m - 1) / (m + 1); |s| < 0.172, where terms beyond s^21 are below one part in 10^17
  const s = (mantissa - 1) / (mantissa + 1);
  const q = s * s;
  let sum = 1 / 21;
  sum = sum * q + 1 / 19;
  sum = sum * q + 1 / 17;
  sum = sum * q + 1 / 15;
  sum = sum * q + 1 / 13;
  sum = sum * q + 1 / 11;
  sum = sum * q + 1 / 9;
  sum = sum * q + 1 / 7;
  sum = sum * q + 1 / 5;
  sum = sum * q + 1 / 3;
  sum = sum * q + 1;
  return exponent * Math.LN2 - 2 * s * sum;
}

const POWERS_OF_TWO = Float64Array.from({ length: 33 }, (_, exponent) => 2 ** exponent);
