import { expect, test } from 'vitest';
import type { Documents } from '../core/ports/documents.ts';
import { keptDocuments, writtenByLeader } from './kept-documents.ts';

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

test('a standby restores what the store has lost, and nothing older', async () => {
  const { stored, open } = memory();
  const leader = keptDocuments(open());
  const follower = keptDocuments(open());
  await leader.write('spec', { n: 1 });
  await follower.keep(['spec', 'drains']);
  await leader.write('spec', { n: 2 });
  await follower.keep(['spec', 'drains']);
  stored.clear();
  await follower.keep(['spec', 'drains']);
  expect([...stored]).toMatchObject([['spec', { n: 2 }]]);
  expect(await follower.read('spec')).toEqual({ n: 2 });
  expect(await follower.read('drains')).toBeUndefined();
});

test('a store that was restored from a backup does not turn a document back', async () => {
  const { stored, open } = memory();
  const leader = keptDocuments(open());
  await leader.write('spec', { n: 1 });
  const backup = new Map(stored);
  const follower = keptDocuments(open());
  for (const n of [2, 3]) await leader.write('spec', { n });
  await follower.keep(['spec']);
  for (const [name, document] of backup) stored.set(name, document);
  await follower.keep(['spec']);
  expect(await follower.read('spec')).toEqual({ n: 3 });
  expect(stored.get('spec')).toMatchObject({ n: 3 });
  // The next change is newer than all of them, wherever it is made.
  await follower.write('spec', { n: 4 });
  expect(await leader.read('spec')).toEqual({ n: 4 });
});

test('a document that cannot be read counts as lost for who has seen it, and for nobody else', async () => {
  const { stored, open } = memory();
  const leader = keptDocuments(open());
  await leader.write('spec', { n: 1 });
  for (const damaged of [[], 'cut']) {
    stored.set('spec', damaged);
    await expect(keptDocuments(open()).read('spec')).rejects.toMatchObject({ code: 'MESSAGE_INVALID' });
    expect(await leader.keep(['spec'])).toBe(false);
    expect(stored.get('spec')).toMatchObject({ n: 1 });
  }
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

test('who no longer leads writes nothing, and what it wanted to write can be written when it leads again', async () => {
  const { stored, open } = memory();
  let leads = true;
  const documents = writtenByLeader(keptDocuments(open()), { leading: () => leads });
  await documents.write('spec', { n: 1 });
  leads = false;
  await expect(documents.write('spec', { n: 2 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  stored.clear();
  await expect(documents.restore()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(stored.size).toBe(0);
  leads = true;
  await documents.restore();
  expect(stored.get('spec')).toMatchObject({ n: 1 });
});

test('a leader that knows only older documents finds the newer ones that a standby restores', async () => {
  const { stored, open } = memory();
  const before = keptDocuments(open());
  await before.write('spec', { n: 1 });
  const backup = new Map(stored);
  for (const n of [2, 3]) await before.write('spec', { n });
  for (const [name, document] of backup) stored.set(name, document);
  const leader = keptDocuments(open());
  expect(await leader.read('spec')).toEqual({ n: 1 });
  expect(await leader.keep(['spec'])).toBe(false);
  expect(await before.keep(['spec'])).toBe(false);
  expect(await leader.keep(['spec'])).toBe(true);
  expect(await leader.keep(['spec'])).toBe(false);
  expect(await leader.read('spec')).toEqual({ n: 3 });
});

test('who takes the lead a moment after the store can be read waits for what others restore, and no longer then', async () => {
  const { stored, open } = memory();
  const standby = keptDocuments(open());
  await standby.write('spec', { n: 1 });
  stored.clear();
  const leader = keptDocuments(open());
  const gathered = leader.gather(['spec']);
  await standby.keep(['spec']);
  await gathered;
  expect(await leader.read('spec')).toEqual({ n: 1 });
  const before = performance.now();
  await leader.gather(['spec']);
  expect(performance.now() - before).toBeLessThan(1_000);
});
