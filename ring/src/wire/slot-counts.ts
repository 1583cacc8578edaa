import { WsClusterError } from '../errors.ts';
import { SLOTS } from '../ring.ts';
import { decodeBase64 } from './base64.ts';

const MAX_COUNT = 0xffff_ffff;
/** One byte for the gap and five for the count of each slot; longer gaps mean fewer slots. */
const MAX_BYTES = SLOTS * 6;

/** A slot and its connections. */
export type SlotCount = readonly [slot: number, count: number];

/**
 * Encodes connections by slot for a report, as base64. Each slot that has any, in ascending order, takes two varints
 * (LEB128): how many slots were skipped since the previous one, and the count. '' if there are none. Accepts SLOTS
 * counts, or a map from slot to count in any order.
 */
export function encodeSlotCounts(counts: Readonly<Uint32Array> | ReadonlyMap<number, number>): string {
  return encodeSlotChanges('length' in counts ? held(counts) : ascending(counts).filter(([, count]) => count !== 0));
}

/**
 * Encodes the slots whose connections have changed, with what they have now, as encodeSlotCounts does; a slot may have
 * none. `changes`: ascending.
 */
export function encodeSlotChanges(changes: readonly SlotCount[]): string {
  const bytes: number[] = [];
  let next = 0;
  for (const [slot, count] of changes) {
    if (slot < next || slot >= SLOTS || !isUint32(slot) || !isUint32(count))
      throw new WsClusterError('INTERNAL', `slot ${slot} cannot hold ${count} connections`);
    pushVarint(bytes, slot - next);
    pushVarint(bytes, count);
    next = slot + 1;
  }
  return Buffer.from(bytes).toString('base64');
}

/**
 * Reverses encodeSlotCounts; returns SLOTS counts. Throws MESSAGE_INVALID with field `connections` for anything else.
 */
export function decodeSlotCounts(text: string): Uint32Array {
  const counts = new Uint32Array(SLOTS);
  for (const [slot, count] of decodeSlotChanges(text)) {
    if (count === 0) throw invalid(`has a count of 0 for slot ${slot}`);
    counts[slot] = count;
  }
  return counts;
}

/** Reverses encodeSlotChanges. Throws MESSAGE_INVALID with field `connections` for anything else. */
export function decodeSlotChanges(text: string): SlotCount[] {
  const bytes = decodeBase64(text, MAX_BYTES, 'connections');
  const changes: SlotCount[] = [];
  let at = 0;
  let next = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let scale = 1; scale <= 2 ** 28; scale *= 128) {
      const byte = bytes[at++];
      if (byte === undefined) throw invalid('ends within a number');
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        // Each number has one form; a superfluous last byte is damage.
        if ((byte === 0 && scale > 1) || value > MAX_COUNT) break;
        return value;
      }
    }
    throw invalid('holds a number that is malformed or above 32 bits');
  };
  while (at < bytes.length) {
    const slot = next + readVarint();
    if (slot >= SLOTS) throw invalid(`names slot ${slot} of only ${SLOTS}`);
    changes.push([slot, readVarint()]);
    next = slot + 1;
  }
  return changes;
}

/**
 * The entries that are not 0. A pair for each of the 65,536 slots would take milliseconds in which gateways should
 * apply rings.
 */
function held(counts: Readonly<Uint32Array>): SlotCount[] {
  const pairs: SlotCount[] = [];
  for (let slot = 0; slot < counts.length; slot++) {
    const count = counts[slot] as number;
    if (count !== 0) pairs.push([slot, count]);
  }
  return pairs;
}

function ascending(counts: ReadonlyMap<number, number>): SlotCount[] {
  return [...counts].sort(([a], [b]) => a - b);
}

function isUint32(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= MAX_COUNT;
}

function pushVarint(bytes: number[], value: number): void {
  let rest = value;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
}

function invalid(what: string): WsClusterError {
  return new WsClusterError('MESSAGE_INVALID', `connections: ${what}`, { field: 'connections' });
}
