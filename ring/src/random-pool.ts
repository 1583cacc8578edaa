import { randomFillSync } from 'node:crypto';

/**
 * Bytes drawn at a time. To draw a few bytes for each use, and a buffer for them, takes twenty times as long. What was
 * handed out is no longer in the pool.
 */
const DRAWN = 4_096;

const pool = Buffer.allocUnsafeSlow(DRAWN);
let used = DRAWN;

/** So many bytes from the cryptographic generator, as text. `bytes`: up to 4,096. */
export function randomText(bytes: number, encoding: 'base64' | 'base64url'): string {
  const from = take(bytes);
  const text = pool.toString(encoding, from, used);
  pool.fill(0, from, used);
  return text;
}

/** Fills so many bytes of a buffer, up to 4,096, from the cryptographic generator. */
export function fillRandomly(buffer: Buffer, at: number, bytes: number): void {
  const from = take(bytes);
  pool.copy(buffer, at, from, used);
  pool.fill(0, from, used);
}

function take(bytes: number): number {
  if (bytes > DRAWN) throw new RangeError(`at most ${DRAWN} bytes at a time, not ${bytes}`);
  if (used + bytes > DRAWN) {
    randomFillSync(pool);
    used = 0;
  }
  const from = used;
  used += bytes;
  return from;
}
