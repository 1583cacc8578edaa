import { randomFillSync } from 'node:crypto';

/** Bytes drawn at a time: a call for each few bytes, and a buffer for each, take twenty times as long. */
const DRAWN = 4_096;

const drawn = Buffer.allocUnsafeSlow(DRAWN);
let at = DRAWN;

/** So many bytes from the cryptographic generator, as text. `bytes`: up to 4,096. */
export function randomText(bytes: number, encoding: 'base64' | 'base64url'): string {
  if (at + bytes > DRAWN) {
    randomFillSync(drawn);
    at = 0;
  }
  const text = drawn.toString(encoding, at, at + bytes);
  // What was handed out must not be found in memory again, nor be handed out twice.
  drawn.fill(0, at, at + bytes);
  at += bytes;
  return text;
}
