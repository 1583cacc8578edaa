import { type Member, movedSlots, ownerOf, type Revision, type Ring } from '@wscluster/ring';

/** A slot's clients may still be with its previous owner for this long after its moves were made, ms. */
const RECENT_MS = 10_000;

/** Where to look for a key's clients now. */
export interface Whereabouts {
  readonly revision: Revision;
  /** Throws NO_MEMBERS if nobody owns the key. */
  readonly owner: Member;
  /** The previous owner of the key; undefined if it has not changed recently. */
  readonly previous: Member | undefined;
}

/** The previous owners of slots that have changed recently. Times are monotonic ms. */
export class RecentOwners {
  readonly #bySlot = new Map<number, { owner: Member; at: number }>();

  changed(before: Ring, after: Ring, now: number): void {
    for (const [slot, { at }] of this.#bySlot) if (now - at >= RECENT_MS) this.#bySlot.delete(slot);
    for (const slot of movedSlots(before, after)) {
      const owner = ownerOf(before, slot);
      if (owner !== undefined) this.#bySlot.set(slot, { owner, at: now });
    }
  }

  /** Moves are still in progress, and clients may still be with the previous owner: nothing expires. */
  keep(now: number): void {
    for (const recent of this.#bySlot.values()) recent.at = now;
  }

  of(slot: number, now: number): Member | undefined {
    const recent = this.#bySlot.get(slot);
    return recent !== undefined && now - recent.at < RECENT_MS ? recent.owner : undefined;
  }
}
