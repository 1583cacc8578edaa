import { SLOTS } from '../ring.ts';
import type { Report, ReportChange } from '../wire/messages.ts';
import { encodeSlotChanges, encodeSlotCounts, type SlotCount } from '../wire/slot-counts.ts';
import { BY_NODE, type ByNode, type ConnectionCounts, REPORTED_AS } from './connection-counts.ts';

/** Slots that are compared at once, as bytes. */
const PART = 512;
const BYTES = Uint32Array.BYTES_PER_ELEMENT;

type ToldByNode = Partial<Record<(typeof REPORTED_AS)[ByNode], Record<string, number>>>;

/** The sender's end: what was last told of its connections. ReportedCounts is the receiver's. */
export class ToldCounts {
  #bySlot = new Uint32Array(SLOTS);
  readonly #byNode: Record<ByNode, ReadonlyMap<string, number>> = {
    countsByNode: new Map(),
    pinnedByNode: new Map(),
    portableByNode: new Map(),
    eventStreamsByNode: new Map(),
  };

  /** All of it, for a report. */
  whole(counts: ConnectionCounts): Pick<Report, 'connections' | 'connectionsByNode'> & ToldByNode {
    this.#bySlot.set(counts.countsBySlot);
    const told: ToldByNode = {};
    for (const which of BY_NODE) {
      this.#byNode[which] = new Map(counts[which]);
      if (counts[which].size > 0) told[REPORTED_AS[which]] = Object.fromEntries(counts[which]);
    }
    return { connections: encodeSlotCounts(this.#bySlot), connectionsByNode: {}, ...told };
  }

  /** What has changed since the last call of either. */
  change(counts: ConnectionCounts): Pick<ReportChange, 'connections'> & ToldByNode {
    const slots = this.#changedSlots(counts.countsBySlot);
    const told: ToldByNode = {};
    for (const which of BY_NODE) {
      const changed = this.#changedNodes(which, counts);
      if (changed !== undefined) told[REPORTED_AS[which]] = changed;
    }
    return { ...(slots.length > 0 && { connections: encodeSlotChanges(slots) }), ...told };
  }

  /** Undefined if nothing has changed. */
  #changedNodes(which: ByNode, counts: ConnectionCounts): Record<string, number> | undefined {
    const [told, now] = [this.#byNode[which], counts[which]];
    const changed: [string, number][] = [];
    for (const [node, count] of now) if (told.get(node) !== count) changed.push([node, count]);
    for (const node of told.keys()) if (!now.has(node)) changed.push([node, 0]);
    if (changed.length === 0) return undefined;
    this.#byNode[which] = new Map(now);
    return Object.fromEntries(changed);
  }

  /** A look at each slot takes less than counting changes would, and most parts are the same in all of theirs. */
  #changedSlots(now: Readonly<Uint32Array>): SlotCount[] {
    const told = this.#bySlot;
    const [toldBytes, nowBytes] = [bytesOf(told), bytesOf(now)];
    const changed: SlotCount[] = [];
    for (let first = 0; first < SLOTS; first += PART) {
      const [from, to] = [first * BYTES, (first + PART) * BYTES];
      if (toldBytes.compare(nowBytes, from, to, from, to) === 0) continue;
      for (let slot = first; slot < first + PART; slot++) {
        const count = now[slot] as number;
        if (told[slot] === count) continue;
        told[slot] = count;
        changed.push([slot, count]);
      }
    }
    return changed;
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Readonly<Uint32Array>): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
