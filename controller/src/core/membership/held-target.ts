import { hasItsShares, NO_OWNER, type Ring, SLOTS } from '@wscluster/ring';
import type { Measured } from './measured.ts';
import { type Seat, targetOf } from './target.ts';

export interface TargetInput {
  readonly seats: readonly Seat[];
  readonly ring: Ring;
  /** Ring ids that are kept for a replacement. */
  readonly vacant: ReadonlySet<number>;
  /** How well the connections are known. */
  readonly known: Known;
  /** Only asked when a target is computed. */
  measured(): Measured;
  /** How long slots with connections stay where they are after a change of the seats, ms; 0 if they do not. */
  readonly lazyMs: number;
  /** Monotonic ms. */
  readonly now: number;
}

/** `partly`: some gateway is silent. `no`: some gateway has not reported its counts yet. */
export type Known = 'all' | 'partly' | 'no';

interface Held {
  readonly seats: string;
  readonly since: number;
  readonly table: Readonly<Uint16Array>;
  /** All that can be done for these seats; otherwise the target is computed again. */
  readonly final: boolean;
}

const UNBALANCED = Number.POSITIVE_INFINITY;

/**
 * The target of the present seats. It is computed when seats come, go or change their weight or limit, and stays the
 * same meanwhile: connections that come and go change no owner. It is computed again until connections are known, and
 * while lazy slots wait to become empty.
 */
export class HeldTarget {
  #held: Held | undefined;
  /** Lost seats that are kept for a replacement, and the slots that they had. */
  readonly #lost = new Map<number, readonly number[]>();

  /** With the same past, and a future of its own. */
  copy(): HeldTarget {
    const copy = new HeldTarget();
    copy.#held = this.#held;
    for (const [ringId, slots] of this.#lost) copy.#lost.set(ringId, slots);
    return copy;
  }

  /** The ring id that each slot belongs to in the end. */
  of({ seats, ring, vacant, known, measured, lazyMs, now }: TargetInput): Readonly<Uint16Array> {
    const key = JSON.stringify(seats.map(({ ringId, weight, maxConnections }) => [ringId, weight, maxConnections]));
    const held = this.#held?.seats === key ? this.#held : undefined;
    if (held !== undefined && (held.final || known !== 'all')) return held.table;
    const present = new Set(seats.map(({ ringId }) => ringId));
    if (held === undefined) this.#noteLost(present, vacant, ring);
    const since = held?.since ?? now;
    const lazy = now - since < lazyMs;
    const loads = lazy && known !== 'all' ? withoutEmpty(measured()) : measured();
    const former = this.#former;
    const table = targetOf(seats, ring, {
      ...(former !== undefined && { former }),
      ...loads,
      ...(known === 'no' && { tolerance: UNBALANCED }),
      // Nobody moves between nodes that the change does not concern for what a silent gateway does not tell, nor for
      // the clients of a lost node, which nobody counts until they are back.
      ...((known !== 'all' || vacant.size > 0) && { extra: 0 }),
      onlyEmpty: lazy,
    });
    const final = known !== 'no' && (!lazy || hasItsShares(table, seats, loads.connections));
    if (final) for (const ringId of present) this.#lost.delete(ringId);
    this.#held = { seats: key, since, table, final };
    return table;
  }

  /** Whether `table` is where the ring is to be for good. */
  isFinal(table: Readonly<Uint16Array>): boolean {
    return this.#held?.final === true && this.#held.table.every((ringId, slot) => ringId === table[slot]);
  }

  /** The same seats, better balanced. */
  replace(table: Uint16Array): void {
    if (this.#held !== undefined) this.#held = { ...this.#held, table };
  }

  get #former(): Uint16Array | undefined {
    if (this.#lost.size === 0) return undefined;
    const former = new Uint16Array(SLOTS).fill(NO_OWNER);
    for (const [ringId, slots] of this.#lost) for (const slot of slots) former[slot] = ringId;
    return former;
  }

  /** Keeps what lost seats had until they come back, or are no longer waited for. */
  #noteLost(present: ReadonlySet<number>, vacant: ReadonlySet<number>, { table, members }: Ring): void {
    for (const ringId of this.#lost.keys()) if (!present.has(ringId) && !vacant.has(ringId)) this.#lost.delete(ringId);
    const lost = members.map(({ ringId }) => (present.has(ringId) || !vacant.has(ringId) ? undefined : ringId));
    if (lost.every((ringId) => ringId === undefined)) return;
    const slotsOf = new Map<number, number[]>();
    for (let slot = 0; slot < SLOTS; slot++) {
      const ringId = lost[table[slot] as number];
      if (ringId === undefined) continue;
      const slots = slotsOf.get(ringId);
      if (slots === undefined) slotsOf.set(ringId, [slot]);
      else slots.push(slot);
    }
    for (const [ringId, slots] of slotsOf) this.#lost.set(ringId, slots);
  }
}

/** What is not known to be empty counts as if it had connections. */
function withoutEmpty(measured: Measured): Measured {
  const busy = (counts: Readonly<Uint32Array>) => counts.map((count) => Math.max(1, count));
  const connections = busy(measured.connections);
  return { ...measured, connections, load: measured.load === measured.connections ? connections : busy(measured.load) };
}
