import { createRing, encodeRing, type Revision, type RingMessage, SLOTS } from '@wscluster/ring';
import { expect, test } from 'vitest';
import { keptRing } from './kept-ring.ts';

const member = { ringId: 0, nodeId: 'a', address: '127.0.0.1:1', weight: 1, state: 'ready' } as const;

const ringAt = (revision: Revision): RingMessage =>
  encodeRing(createRing(revision, [member], new Uint16Array(SLOTS)), {
    cluster: 'chat',
    release: { movableUpTo: revision, spreadMs: 0, maxPerSecond: 0 },
    settings: { routes: [] },
    vacancies: [],
  });

/** A store that does as it is told, and can be emptied. */
function memory(stored?: RingMessage) {
  return {
    stored,
    async load() {
      return this.stored;
    },
    async revision() {
      return this.stored?.revision;
    },
    async save(message: RingMessage) {
      this.stored = message;
      return 'saved' as const;
    },
  };
}

test('a standby restores the newest ring that it has seen to a store that has lost it, or fell back to an older one', async () => {
  const kept = keptRing();
  const [older, newest] = [ringAt({ epoch: 1, version: 4 }), ringAt({ epoch: 2, version: 1 })];
  const store = memory(older);
  await kept.keep(store);
  store.stored = newest;
  await kept.keep(store);
  for (const lost of [undefined, older]) {
    store.stored = lost;
    await kept.keep(store);
    expect(store.stored).toBe(newest);
  }
});

test('a newer ring stays', async () => {
  const kept = keptRing();
  const store = memory(ringAt({ epoch: 1, version: 4 }));
  await kept.keep(store);
  const newer = ringAt({ epoch: 2, version: 1 });
  store.stored = newer;
  await kept.keep(store);
  await kept.keep(store);
  expect(store.stored).toBe(newer);
});
