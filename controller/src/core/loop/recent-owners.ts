import { type Member, movedSlots, ownerOf, type Revision, type Ring } from '@wscluster/ring';

/** A slot's clients may still be with its last owner for this long after the moves of its change were made, ms. */
const RECENT_MS = 10_000;

/** Where a key's clients are to be looked for now. */
export interface Whereabouts {
  readonly revision: Revision;
  /** Throws NO_MEMBERS when nobody owns the key. */
  readonly owner: Member;
  /** Who owned the key until a moment ago; undefined when nothing has changed lately. */
  readonly previous: Member | undefined;
}

/** Who owned the slots that have changed lately. Times are monotonic ms. */
export class RecentOwners {
  readonly #bySlot = new Map<number, { owner: Member; at: number }>();

  changed(before: Ring, after: Ring, now: number): void {
    for (const [slot, { at }] of this.#bySlot) if (now - at >= RECENT_MS) this.#bySlot.delete(slot);
    for (const slot of movedSlots(before, after)) {
      const owner = ownerOf(before, slot);
      if (owner !== undefined) this.#bySlot.set(slot, { owner, at: now });
    }
  }

  /** Moves are still being made: clients may be with the last owner yet, so nothing grows old. */
  keep(now: number): void {
    for (const recent of this.#bySlot.values()) recent.at = now;
  }

  of(slot: number, now: number): Member | undefined {
    const recent = this.#bySlot.get(slot);
    return recent !== undefined && now - recent.at < RECENT_MS ? recent.owner : undefined;
  }
}
