import { expect, test } from 'vitest';
import type { Documents } from '../core/ports/documents.ts';
import { keptDocuments } from './kept-documents.ts';

/** A store of documents that several controllers share, and that can be emptied. */
function memory(): { stored: Map<string, unknown>; open(): Documents } {
  const stored = new Map<string, unknown>();
  return {
    stored,
    open: () => ({
      read: async (name) => stored.get(name),
      write: async (name, document) => {
        stored.set(name, document);
      },
      close: async () => {},
    }),
  };
}

test('a standby restores what the store has lost when it reads it, and nothing older', async () => {
  const { stored, open } = memory();
  const leader = keptDocuments(open());
  const follower = keptDocuments(open());
  await leader.write('spec', { n: 1 });
  await follower.look(['spec', 'drains']);
  await leader.write('spec', { n: 2 });
  await follower.look(['spec', 'drains']);
  stored.clear();
  await follower.look(['spec', 'drains']);
  expect(stored.size).toBe(0);
  expect(await follower.read('spec')).toEqual({ n: 2 });
  expect(await follower.read('drains')).toBeUndefined();
  expect([...stored]).toMatchObject([['spec', { n: 2 }]]);
});

test('a store that was restored from a backup does not turn a document back', async () => {
  const { stored, open } = memory();
  const leader = keptDocuments(open());
  await leader.write('spec', { n: 1 });
  const backup = new Map(stored);
  const follower = keptDocuments(open());
  for (const n of [2, 3]) await leader.write('spec', { n });
  await follower.look(['spec']);
  for (const [name, document] of backup) stored.set(name, document);
  await follower.look(['spec']);
  expect(await follower.read('spec')).toEqual({ n: 3 });
  expect(stored.get('spec')).toMatchObject({ n: 3 });
  // The next change is newer than all of them, wherever it is made.
  await follower.write('spec', { n: 4 });
  expect(await leader.read('spec')).toEqual({ n: 4 });
});

test('the first write of a new process is newer than what is stored', async () => {
  const { open } = memory();
  const before = keptDocuments(open());
  for (const n of [1, 2, 3]) await before.write('spec', { n });
  await keptDocuments(open()).write('spec', { n: 4 });
  expect(await before.read('spec')).toEqual({ n: 4 });
});

test('a document of a version that does not count writes is taken as it is', async () => {
  const { stored, open } = memory();
  const documents = keptDocuments(open());
  for (const n of [1, 2]) await documents.write('spec', { n });
  stored.set('spec', { n: 3 });
  expect(await documents.read('spec')).toEqual({ n: 3 });
});

test('restore writes all that was read or written', async () => {
  const { stored, open } = memory();
  stored.set('spec', { was: 'read' });
  const documents = keptDocuments(open());
  await documents.read('spec');
  await documents.write('drains', { was: 'written' });
  stored.clear();
  await documents.restore();
  expect(Object.fromEntries(stored)).toMatchObject({ spec: { was: 'read' }, drains: { was: 'written' } });
});
