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

test('who stood by puts back what the store has lost when it reads it, and restores nothing older', async () => {
  const { stored, open } = memory();
  const leader = keptDocuments(open());
  const follower = keptDocuments(open());
  await leader.write('spec', 1);
  await follower.look(['spec', 'drains']);
  await leader.write('spec', 2);
  await follower.look(['spec', 'drains']);
  stored.clear();
  await follower.look(['spec', 'drains']);
  expect(stored.size).toBe(0);
  expect(await follower.read('spec')).toBe(2);
  expect(await follower.read('drains')).toBeUndefined();
  expect([...stored]).toEqual([['spec', 2]]);
});

test('restore writes all that was read or written', async () => {
  const { stored, open } = memory();
  stored.set('spec', 'read');
  const documents = keptDocuments(open());
  await documents.read('spec');
  await documents.write('drains', 'written');
  stored.clear();
  await documents.restore();
  expect(Object.fromEntries(stored)).toEqual({ spec: 'read', drains: 'written' });
});
