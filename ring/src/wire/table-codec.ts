import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { messageOf, WsClusterError } from '../errors.ts';
import { NO_OWNER, SLOTS } from '../ring.ts';
import { decodeBase64 } from './base64.ts';

const TABLE_BYTES = SLOTS * 2;
/** Deflate stores what it cannot shrink, with five bytes for each block of 16 KiB or more: 1 KiB is ample. */
const MAX_DEFLATED_BYTES = TABLE_BYTES + 1024;

/** base64 of the raw-deflated table: little-endian 16-bit entries. */
export function encodeTable(table: Readonly<Uint16Array>): string {
  if (table.length !== SLOTS) throw new WsClusterError('INTERNAL', `a table has ${SLOTS} entries, not ${table.length}`);
  const bytes = new DataView(new ArrayBuffer(TABLE_BYTES));
  for (let slot = 0; slot < SLOTS; slot++) bytes.setUint16(slot * 2, table[slot] ?? NO_OWNER, true);
  return deflateRawSync(bytes).toString('base64');
}

/**
 * Undoes encodeTable. Throws MESSAGE_INVALID with field `table` unless it has exactly SLOTS entries, each NO_OWNER or
 * an index below `memberCount`. Inflates no more than a table's size, whatever the input claims.
 */
export function decodeTable(text: string, memberCount: number): Uint16Array {
  const deflated = decodeBase64(text, MAX_DEFLATED_BYTES, 'table');
  let bytes: Buffer;
  try {
    bytes = inflateRawSync(deflated, { maxOutputLength: TABLE_BYTES });
  } catch (cause) {
    throw invalid(`cannot be inflated to ${TABLE_BYTES} bytes: ${messageOf(cause)}`, cause);
  }
  if (bytes.length !== TABLE_BYTES) throw invalid(`has ${bytes.length} bytes, must have ${TABLE_BYTES}`);
  const table = new Uint16Array(SLOTS);
  for (let slot = 0; slot < SLOTS; slot++) {
    const index = bytes.readUInt16LE(slot * 2);
    if (index !== NO_OWNER && index >= memberCount)
      throw invalid(`slot ${slot} names member ${index} of only ${memberCount}`);
    table[slot] = index;
  }
  return table;
}

function invalid(what: string, cause?: unknown): WsClusterError {
  return new WsClusterError('MESSAGE_INVALID', `table: ${what}`, { field: 'table', cause });
}
