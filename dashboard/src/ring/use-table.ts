import { useEffect, useState } from 'react';
import type { ClusterApi, RingTable } from '../api/client.ts';
import { orderByOwner, type SlotOrder } from './slot-order.ts';

export interface SlotTable extends RingTable {
  readonly order: SlotOrder;
  /** Undefined if nobody owns the slot. */
  ownerOf(slot: number): RingTable['members'][number] | undefined;
}

const RETRY_MS = 1000;

/** The owners of all slots of the ring with this digest; until they have arrived, those of the previous ring. */
export function useTable(api: ClusterApi, digest: string): SlotTable | undefined {
  const [known, setKnown] = useState<SlotTable>();
  const [attempt, setAttempt] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a further attempt asks the same again.
  useEffect(() => {
    let wanted = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    api.table().then(
      (answer) => {
        if (!wanted) return;
        const { members, table } = answer;
        const order = orderByOwner(
          table,
          members.map(({ ringId }) => ringId),
        );
        setKnown({ ...answer, order, ownerOf: (slot) => members[table[slot] ?? members.length] });
      },
      () => {
        if (wanted) timer = setTimeout(() => setAttempt((n) => n + 1), RETRY_MS);
      },
    );
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [api, digest, attempt]);
  return known;
}
