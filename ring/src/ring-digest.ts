import { createHash } from 'node:crypto';
import type { Member } from './member.ts';

// A digest has 32 hex digits: 16 of SHA-256 over the members, then 16 of the table's sum. Equal digests mean equal
// routing. The digest detects bugs and lost messages, not forgery: whoever can publish can publish any ring.

const HALF = 16;

/** Hex digits of SHA-256 over the members, in order. */
export function membersDigest(members: readonly Member[]): string {
  const text = JSON.stringify(members.map((m) => [m.ringId, m.nodeId, m.address, m.weight, m.state]));
  return createHash('sha256').update(text).digest('hex').slice(0, HALF);
}

/**
 * The sum of the hashes of all entries, 64 bits in two halves. A sum can be updated for some entries without looking at
 * the others. A single changed entry always shows; several changes cancel each other out once in 2^64.
 */
export class TableSum {
  #low = 0;
  #high = 0;

  static of(table: Readonly<Uint16Array>): TableSum {
    const sum = new TableSum();
    // Local variables, since fields of an object would be written to memory 65,536 times.
    let low = 0;
    let high = 0;
    for (let slot = 0; slot < table.length; slot++) {
      const hash = lowHash(slot, table[slot] as number);
      low = (low + hash) | 0;
      high = (high + highHash(hash)) | 0;
    }
    sum.#low = low;
    sum.#high = high;
    return sum;
  }

  /** Reads the sum from a digest. */
  static in(digest: string): TableSum {
    const sum = new TableSum();
    sum.#high = Number.parseInt(digest.slice(HALF, HALF + 8), 16) | 0;
    sum.#low = Number.parseInt(digest.slice(HALF + 8), 16) | 0;
    return sum;
  }

  /** Updates the sum for a slot whose entry has changed. */
  replace(slot: number, before: number, after: number): void {
    const [gone, come] = [lowHash(slot, before), lowHash(slot, after)];
    this.#low = (this.#low - gone + come) | 0;
    this.#high = (this.#high - highHash(gone) + highHash(come)) | 0;
  }

  toString(): string {
    return hex(this.#high) + hex(this.#low);
  }
}

export function joinDigest(members: string, table: TableSum): string {
  return `${members}${table}`;
}

/** The members' half of a digest. */
export function membersHalf(digest: string): string {
  return digest.slice(0, HALF);
}

/**
 * The last step of MurmurHash3 over slot and index, which together fit into 32 bits: a bijection, so no two are the
 * same.
 */
function lowHash(slot: number, index: number): number {
  let h = (slot << 16) | index;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** One more round, so that sums that happen to be equal in one half differ in the other. */
function highHash(low: number): number {
  const h = Math.imul(low ^ (low >>> 15), 0x2c1b3c6d);
  return h ^ (h >>> 12);
}

function hex(half: number): string {
  return (half >>> 0).toString(16).padStart(8, '0');
}
