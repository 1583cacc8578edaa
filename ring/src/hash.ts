import { SLOTS } from './ring.ts';

const C1 = 0xcc9e2d51;
const C2 = 0x1b873593;

const encoder = new TextEncoder();
/** Keys have at most 1,024 bytes; UTF-8 takes at most three bytes per UTF-16 unit. */
const scratch = new Uint8Array(3 * 1024);

/** The slot of a canonical key: MurmurHash3 of its UTF-8 bytes, mod SLOTS. Test vectors: ring/vectors/. */
export function slotOf(key: string): number {
  // SLOTS is a power of two, so the low bits are the remainder.
  return hashText(key) & (SLOTS - 1);
}

/**
 * MurmurHash3 x86 32 with seed 0 over the UTF-8 bytes of a string, as an unsigned 32-bit number. A lone surrogate
 * counts as U+FFFD, as in TextEncoder.
 */
export function murmur3(text: string): number {
  return hashText(text) >>> 0;
}

/** The same hash over bytes. */
export function murmur3Bytes(bytes: Uint8Array): number {
  return hashBytes(bytes, bytes.length) >>> 0;
}

/** The same hash over two unsigned 32-bit numbers, little-endian, one after the other. */
export function murmur3Pair(first: number, second: number): number {
  return finish(mixBlock(mixBlock(0, first), second), 0, 8) >>> 0;
}

// From here on hashes are signed, which saves the engine from boxing every other one.

/** Pure ASCII, the usual key, is read in place and allocates nothing. */
function hashText(text: string): number {
  const length = text.length;
  const whole = length & ~3;
  let h = 0;
  let i = 0;
  while (i < whole) {
    const a = text.charCodeAt(i);
    const b = text.charCodeAt(i + 1);
    const c = text.charCodeAt(i + 2);
    const d = text.charCodeAt(i + 3);
    if ((a | b | c | d) > 0x7f) return hashUtf8(text);
    h = mixBlock(h, a | (b << 8) | (c << 16) | (d << 24));
    i += 4;
  }
  let tail = 0;
  for (let shift = 0; i < length; i++, shift += 8) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f) return hashUtf8(text);
    tail |= unit << shift;
  }
  return finish(h, tail, length);
}

function hashUtf8(text: string): number {
  if (text.length * 3 <= scratch.length) return hashBytes(scratch, encoder.encodeInto(text, scratch).written);
  const bytes = encoder.encode(text);
  return hashBytes(bytes, bytes.length);
}

function hashBytes(bytes: Uint8Array, length: number): number {
  const whole = length & ~3;
  let h = 0;
  let i = 0;
  for (; i < whole; i += 4) h = mixBlock(h, littleEndian(bytes, i, 4));
  return finish(h, littleEndian(bytes, i, length - i), length);
}

/** `count` bytes from `at`, as a little-endian number. */
function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let k = 0; k < count; k++) value |= (bytes[at + k] ?? 0) << (8 * k);
  return value;
}

function scramble(block: number): number {
  const k = Math.imul(block, C1);
  return Math.imul((k << 15) | (k >>> 17), C2);
}

function mixBlock(hash: number, block: number): number {
  const h = hash ^ scramble(block);
  return (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
}

/** An empty tail is 0, and scramble(0) is 0: it needs no case of its own. */
function finish(hash: number, tail: number, length: number): number {
  let h = hash ^ scramble(tail) ^ length;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
