import { useEffect, useState } from 'react';
import type { ClusterApi } from '../api/client.ts';

export interface SlotTable {
  /** Node id of the owner of each slot; undefined if it has none. */
  ownerOf(slot: number): string | undefined;
  /** Digest of the ring that the table belongs to. */
  readonly digest: string;
  readonly table: Uint16Array;
  readonly members: readonly string[];
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
        setKnown({ ...answer, ownerOf: (slot) => members[table[slot] ?? members.length] });
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
