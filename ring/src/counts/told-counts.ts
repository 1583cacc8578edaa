import { SLOTS } from '../ring.ts';
import type { Report, ReportChange } from '../wire/messages.ts';
import { encodeSlotChanges, encodeSlotCounts, type SlotCount } from '../wire/slot-counts.ts';
import { BY_NODE, type ByNode, type ConnectionCounts } from './connection-counts.ts';

/** Slots that are compared at once, as bytes. */
const PART = 512;
const BYTES = Uint32Array.BYTES_PER_ELEMENT;

/** The sender's end: what was last told of its connections. ReportedCounts is the receiver's. */
export class ToldCounts {
  #bySlot = new Uint32Array(SLOTS);
  readonly #byNode: Record<ByNode, ReadonlyMap<string, number>> = {
    countsByNode: new Map(),
    pinnedByNode: new Map(),
    portableByNode: new Map(),
  };

  /** All of it, for a report. */
  whole(
    counts: ConnectionCounts,
  ): Pick<Report, 'connections' | 'connectionsByNode' | 'pinnedByNode' | 'portableByNode'> {
    this.#bySlot.set(counts.countsBySlot);
    for (const which of BY_NODE) this.#byNode[which] = new Map(counts[which]);
    const { countsByNode, pinnedByNode, portableByNode } = this.#byNode;
    return {
      connections: encodeSlotCounts(this.#bySlot),
      connectionsByNode: Object.fromEntries(countsByNode),
      ...(pinnedByNode.size > 0 && { pinnedByNode: Object.fromEntries(pinnedByNode) }),
      ...(portableByNode.size > 0 && { portableByNode: Object.fromEntries(portableByNode) }),
    };
  }

  /** What has changed since the last call of either. */
  change(
    counts: ConnectionCounts,
  ): Pick<ReportChange, 'connections' | 'connectionsByNode' | 'pinnedByNode' | 'portableByNode'> {
    const slots = this.#changedSlots(counts.countsBySlot);
    const [connectionsByNode, pinnedByNode, portableByNode] = BY_NODE.map((which) => this.#changedNodes(which, counts));
    return {
      ...(slots.length > 0 && { connections: encodeSlotChanges(slots) }),
      ...(connectionsByNode && { connectionsByNode }),
      ...(pinnedByNode && { pinnedByNode }),
      ...(portableByNode && { portableByNode }),
    };
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
