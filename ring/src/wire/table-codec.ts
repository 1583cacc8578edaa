import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { messageOf, WsClusterError } from '../errors.ts';
import { NO_OWNER, SLOTS } from '../ring.ts';
import { decodeBase64 } from './base64.ts';

const TABLE_BYTES = SLOTS * 2;
/** Deflate stores what it cannot shrink, with five bytes for each block of 16 KiB or more: 1 KiB is ample. */
const MAX_DEFLATED_BYTES = TABLE_BYTES + 1024;

/** A stronger level takes ten times as long for a tenth less, and rings wait for it. */
const LEVEL = 1;

/** base64 of the raw-deflated table: the low bytes of all entries, then the high ones, which are mostly 0. */
export function encodeTable(table: Readonly<Uint16Array>): string {
  if (table.length !== SLOTS) throw new WsClusterError('INTERNAL', `a table has ${SLOTS} entries, not ${table.length}`);
  const bytes = new Uint8Array(TABLE_BYTES);
  for (let slot = 0; slot < SLOTS; slot++) {
    const index = table[slot] as number;
    bytes[slot] = index & 0xff;
    bytes[SLOTS + slot] = index >> 8;
  }
  return deflateRawSync(bytes, { level: LEVEL }).toString('base64');
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
    const index = (bytes[slot] as number) | ((bytes[SLOTS + slot] as number) << 8);
    if (index !== NO_OWNER && index >= memberCount)
      throw invalid(`slot ${slot} names member ${index} of only ${memberCount}`);
    table[slot] = index;
  }
  return table;
}

function invalid(what: string, cause?: unknown): WsClusterError {
  return new WsClusterError('MESSAGE_INVALID', `table: ${what}`, { field: 'table', cause });
}
