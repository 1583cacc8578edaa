import { NO_OWNER } from '../ring.ts';

/** Entry of a slot that no member owns. */
export const NOBODY = NO_OWNER;

/** Of each slot, see Draft. */
export interface SlotSizes {
  readonly connections: Readonly<Uint32Array>;
  readonly size: Readonly<Uint32Array>;
}

/** A table in the making: who owns each slot, by the index of the member, and what each member holds. */
export class Draft {
  /** The owner of each slot before the change. */
  readonly origin: Readonly<Uint16Array>;
  /** The member that owned each slot before it was lost, see Present. */
  readonly former: Readonly<Uint16Array>;
  readonly owner: Uint16Array;
  /** Connections on each slot, which have to move with it. */
  readonly connections: Readonly<Uint32Array>;
  /** What each slot adds to the load of its owner, and what is balanced: its connections, unless said otherwise. */
  readonly size: Readonly<Uint32Array>;
  /** Slots of each member. */
  readonly held: Uint32Array;
  /** The sizes of each member's slots, ... */
  readonly load: Float64Array;
  /** ... and their connections. */
  readonly clients: Float64Array;
  /** The sizes of slots that nobody owned before the change. */
  readonly unowned: number;
  /** The sizes of the slots that each member has lost; without those that have lost none. */
  readonly formerLoads: ReadonlyMap<number, number>;

  constructor(origin: Uint16Array, former: Readonly<Uint16Array>, slots: SlotSizes, members: number) {
    this.origin = origin;
    this.former = former;
    this.owner = origin.slice();
    this.connections = slots.connections;
    this.size = slots.size;
    this.held = new Uint32Array(members);
    this.load = new Float64Array(members);
    this.clients = new Float64Array(members);
    let unowned = 0;
    const formerLoads = new Map<number, number>();
    for (let slot = 0; slot < origin.length; slot++) {
      const owner = origin[slot] as number;
      const count = this.size[slot] as number;
      if (owner === NOBODY) unowned += count;
      else this.#add(owner, slot, 1);
      const had = former[slot] as number;
      if (had !== NOBODY) formerLoads.set(had, (formerLoads.get(had) ?? 0) + count);
    }
    this.unowned = unowned;
    this.formerLoads = formerLoads;
  }

  get members(): number {
    return this.held.length;
  }

  /** Gives a slot to a member, or with NOBODY takes it away. */
  move(slot: number, to: number): void {
    const from = this.owner[slot] as number;
    if (from !== NOBODY) this.#add(from, slot, -1);
    if (to !== NOBODY) this.#add(to, slot, 1);
    this.owner[slot] = to;
  }

  /** What it costs to move the slot on from where it is now: nothing if its clients have to move anyway. */
  costOf(slot: number): number {
    return this.owner[slot] === this.origin[slot] ? (this.connections[slot] as number) : 0;
  }

  /** Connections that have to move: those of slots that are no longer, or never were, with their owner. */
  get moving(): number {
    let sum = 0;
    for (let slot = 0; slot < this.owner.length; slot++)
      if (this.owner[slot] !== this.origin[slot] || this.origin[slot] === NOBODY)
        sum += this.connections[slot] as number;
    return sum;
  }

  /** `by`: 1, or -1 for a slot that it has no longer. */
  #add(member: number, slot: number, by: number): void {
    this.held[member] = (this.held[member] as number) + by;
    this.load[member] = (this.load[member] as number) + by * (this.size[slot] as number);
    this.clients[member] = (this.clients[member] as number) + by * (this.connections[slot] as number);
  }
}
