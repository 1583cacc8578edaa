import { WsClusterError } from '../errors.ts';
import { NO_OWNER, SLOTS } from '../ring.ts';
import { decodeBase64 } from './base64.ts';

// Owners are spread over the slots as if at random, so all that a compressor could find is that each needs few bits.
// Sending exactly these bits gives about the same length in a tenth of the time.

/**
 * base64 of the table, with as many bits per slot as `memberCount` needs: 0 for no owner, else 1 + index. Slots are
 * packed in order, least significant bits first.
 */
export function encodeTable(table: Readonly<Uint16Array>, memberCount: number): string {
  if (table.length !== SLOTS) throw new WsClusterError('INTERNAL', `a table has ${SLOTS} entries, not ${table.length}`);
  const width = widthFor(memberCount);
  const bytes = Buffer.alloc((SLOTS * width) / 8);
  let bits = 0;
  let count = 0;
  let at = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    const index = table[slot] as number;
    if (index !== NO_OWNER && index >= memberCount)
      throw new WsClusterError('INTERNAL', `slot ${slot} names member ${index} of only ${memberCount}`);
    bits |= (index === NO_OWNER ? 0 : index + 1) << count;
    for (count += width; count >= 8; count -= 8) {
      bytes[at++] = bits & 0xff;
      bits >>>= 8;
    }
  }
  return bytes.toString('base64');
}

/**
 * Reverses encodeTable. Throws MESSAGE_INVALID with field `table` unless there are exactly SLOTS entries, each NO_OWNER
 * or an index below `memberCount`.
 */
export function decodeTable(text: string, memberCount: number): Uint16Array {
  const width = widthFor(memberCount);
  const wanted = (SLOTS * width) / 8;
  const bytes = decodeBase64(text, wanted, 'table');
  if (bytes.length !== wanted)
    throw invalid(`has ${bytes.length} bytes, must have ${wanted} for ${memberCount} members`);
  const table = new Uint16Array(SLOTS);
  const mask = (1 << width) - 1;
  let bits = 0;
  let count = 0;
  let at = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    for (; count < width; count += 8) bits |= (bytes[at++] as number) << count;
    const code = bits & mask;
    bits >>>= width;
    count -= width;
    if (code > memberCount) throw invalid(`slot ${slot} names member ${code - 1} of only ${memberCount}`);
    table[slot] = code === 0 ? NO_OWNER : code - 1;
  }
  return table;
}

/** Bits for a number from 0 to `memberCount`; at most 16. */
function widthFor(memberCount: number): number {
  return 32 - Math.clz32(memberCount);
}

function invalid(what: string): WsClusterError {
  return new WsClusterError('MESSAGE_INVALID', `table: ${what}`, { field: 'table' });
}
