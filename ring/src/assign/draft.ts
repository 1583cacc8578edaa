import { NO_OWNER } from '../ring.ts';

/** Entry of a slot that no member owns. */
export const NOBODY = NO_OWNER;

/** A table in the making: who owns each slot, by the index of the member, and what each member holds. */
export class Draft {
  /** The owner of each slot before the change. */
  readonly origin: Readonly<Uint16Array>;
  /** The member that owned each slot before it was lost, see Present. */
  readonly former: Readonly<Uint16Array>;
  readonly owner: Uint16Array;
  /** Connections on each slot. */
  readonly connections: Readonly<Uint32Array>;
  /** Slots of each member. */
  readonly held: Uint32Array;
  /** Connections of each member. */
  readonly load: Float64Array;
  /** Connections on slots that nobody owned before the change. */
  readonly unowned: number;
  /** Connections that each member had on slots which it lost; without those that have lost none. */
  readonly formerLoads: ReadonlyMap<number, number>;

  constructor(origin: Uint16Array, former: Readonly<Uint16Array>, connections: Readonly<Uint32Array>, members: number) {
    this.origin = origin;
    this.former = former;
    this.owner = origin.slice();
    this.connections = connections;
    this.held = new Uint32Array(members);
    this.load = new Float64Array(members);
    let unowned = 0;
    const formerLoads = new Map<number, number>();
    for (let slot = 0; slot < origin.length; slot++) {
      const owner = origin[slot] as number;
      const count = connections[slot] as number;
      if (owner === NOBODY) unowned += count;
      else this.#add(owner, 1, count);
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
    const count = this.connections[slot] as number;
    if (from !== NOBODY) this.#add(from, -1, -count);
    if (to !== NOBODY) this.#add(to, 1, count);
    this.owner[slot] = to;
  }

  /** What it costs to move the slot on from where it is now: nothing if its clients have to move anyway. */
  costOf(slot: number): number {
    return this.owner[slot] === this.origin[slot] ? (this.connections[slot] as number) : 0;
  }

  /** Connections that have to move: those of slots that are no longer, or never were, with their owner. */
  get moving(): number {
    let sum = this.unowned;
    for (let slot = 0; slot < this.owner.length; slot++)
      if (this.owner[slot] !== this.origin[slot] && this.origin[slot] !== NOBODY)
        sum += this.connections[slot] as number;
    return sum;
  }

  #add(member: number, slots: number, connections: number): void {
    this.held[member] = (this.held[member] as number) + slots;
    this.load[member] = (this.load[member] as number) + connections;
  }
}
