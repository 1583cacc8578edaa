import type { LiveState, SlotOwner } from '@wscluster/controller/api';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { amount } from '../amount.ts';
import { ApiError, type ClusterApi } from '../api/client.ts';
import { ShareCircle } from './share-circle.tsx';
import { SlotMap } from './slot-map.tsx';
import { useTable } from './use-table.ts';

/** The connections of a slot are requested once the pointer rests this long, ms. */
const REST_MS = 120;

interface Props {
  readonly api: ClusterApi;
  readonly state: LiveState;
}

export function RingPanel({ api, state }: Props) {
  const { ring, nodes } = state;
  const [chosen, setChosen] = useState<number>();
  const [pointed, setPointed] = useState<number>();
  const slot = pointed ?? chosen;
  const [key, setKey] = useState('');
  const table = useTable(api, ring.digest);
  // Compared by content: every state brings new objects.
  const fingerprint = JSON.stringify(nodes.map(({ id, name }) => [id, name]));
  const names = useMemo(() => new Map(JSON.parse(fingerprint) as [string, string][]), [fingerprint]);
  const found = useSlot(api, slot, ring.digest);

  // The owner of a key is asked for again when the ring has changed.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the digest says that.
  useEffect(() => {
    if (key === '') return;
    let wanted = true;
    const timer = setTimeout(() => {
      api.owner(key).then(
        (owner) => wanted && setChosen(owner.slot),
        () => {},
      );
    }, REST_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [api, key, ring.digest]);

  const select = useCallback((selected: number) => {
    setKey('');
    setChosen(selected);
  }, []);
  const owner = slot === undefined ? undefined : table?.ownerOf(slot)?.nodeId;
  return (
    <section className="ring" aria-labelledby="ring">
      <h2 id="ring">Ring</h2>
      <ShareCircle members={ring.members} names={names} />
      <label>
        Owner of the key{' '}
        <input value={key} placeholder="alice" spellCheck={false} onChange={(event) => setKey(event.target.value)} />
      </label>
      <SlotMap table={table} names={names} selected={slot} onPoint={setPointed} onSelect={select} />
      <output className="slot" aria-live="polite">
        {slot === undefined ? (
          'Point at the map, or type a key.'
        ) : (
          <>
            slot {slot}, owner <strong>{owner === undefined ? 'nobody' : (names.get(owner) ?? owner)}</strong>
            {found instanceof ApiError && `: ${found.message}`}
            {found !== undefined && !(found instanceof ApiError) && `, ${amount(found.connections, 'connection')}`}
          </>
        )}
      </output>
    </section>
  );
}

function useSlot(api: ClusterApi, slot: number | undefined, digest: string): SlotOwner | ApiError | undefined {
  const [found, setFound] = useState<SlotOwner | ApiError>();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another ring, another owner.
  useEffect(() => {
    setFound(undefined);
    if (slot === undefined) return;
    let wanted = true;
    const timer = setTimeout(() => {
      api.slot(slot).then(
        (owner) => wanted && setFound(owner),
        (error: unknown) => wanted && error instanceof ApiError && setFound(error),
      );
    }, REST_MS);
    return () => {
      wanted = false;
      clearTimeout(timer);
    };
  }, [api, slot, digest]);
  return found;
}
