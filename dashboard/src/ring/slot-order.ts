/** The order in which the map shows the slots. */
export interface SlotOrder {
  /** The slot at each position. */
  readonly slots: Uint16Array;
  /** The position of each slot. */
  readonly positions: Uint16Array;
}

/**
 * Groups the slots by owner: owners by ring id, then the slots that nobody owns; within a group by number. `table` has
 * for each slot the index of its owner in `ringIds`; an index that is not there means nobody.
 */
export function orderByOwner(table: Uint16Array, ringIds: readonly number[]): SlotOrder {
  const byRingId = [...ringIds.keys()].sort((a, b) => (ringIds[a] ?? 0) - (ringIds[b] ?? 0));
  const group = new Uint16Array(ringIds.length);
  for (const [place, member] of byRingId.entries()) group[member] = place;
  const groupOf = (slot: number) => group[table[slot] ?? ringIds.length] ?? ringIds.length;

  // A counting sort: where each group begins, then each slot to the next place of its group.
  const next = new Uint32Array(ringIds.length + 2);
  for (let slot = 0; slot < table.length; slot++) next[groupOf(slot) + 1] = (next[groupOf(slot) + 1] ?? 0) + 1;
  for (let at = 1; at < next.length; at++) next[at] = (next[at] ?? 0) + (next[at - 1] ?? 0);
  const slots = new Uint16Array(table.length);
  const positions = new Uint16Array(table.length);
  for (let slot = 0; slot < table.length; slot++) {
    const place = groupOf(slot);
    const position = next[place] ?? 0;
    next[place] = position + 1;
    slots[position] = slot;
    positions[slot] = position;
  }
  return { slots, positions };
}
