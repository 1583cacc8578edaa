/**
 * Every 4 bytes count on from `from`, so that anything lost, doubled or out of order shows. `size`: a multiple of 4.
 */
export function counting(size: number, from = 0): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at += 4) bytes.writeUInt32BE(from + at, at);
  return bytes;
}
