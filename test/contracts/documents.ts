import { afterEach, beforeEach, describe, expect, test } from 'vitest';

/** The part of the port that a test needs; the port itself is the controller's own. */
export interface Documents {
  read(name: string): Promise<unknown>;
  write(name: string, document: unknown): Promise<void>;
  close(): Promise<void>;
}

export interface DocumentsHarness {
  /** Each call is a handle of its own on the same storage. */
  open(): Documents;
  /** Replaces a stored document by this text, behind its back. */
  damage(name: string, text: string): Promise<void>;
  /** Makes every access fail, as a full disk or a server that is gone does. */
  breakStorage(): Promise<void>;
  dispose(): Promise<void>;
}

/** Every Documents passes this, on real storage. */
export function documentsContract(name: string, create: () => Promise<DocumentsHarness>): void {
  describe(`${name} as documents`, () => {
    let harness: DocumentsHarness;
    let documents: Documents;
    beforeEach(async () => {
      harness = await create();
      documents = harness.open();
    });
    afterEach(async () => {
      await documents.close();
      await harness.dispose();
    });

    test('what was never written is undefined', async () => {
      expect(await documents.read('spec')).toBeUndefined();
    });

    test.each([
      ['an object', { nodes: { replicas: 3 }, label: 'grüße "\u0000" 🙂', empty: {} }],
      ['a list', [1, 'two', null]],
      ['null', null],
      ['a large one', { nodes: Array.from({ length: 5_000 }, (_, index) => `node-${index}`) }],
    ])('%s is read as it was written, here and by the next controller', async (_, document) => {
      await documents.write('spec', document);
      expect(await documents.read('spec')).toEqual(document);
      await documents.close();
      documents = harness.open();
      expect(await documents.read('spec')).toEqual(document);
    });

    test('the last one written counts, the whole of it', async () => {
      await documents.write('spec', { long: 'x'.repeat(10_000) });
      await documents.write('spec', { short: true });
      expect(await documents.read('spec')).toEqual({ short: true });
    });

    test('documents of other names stay as they are', async () => {
      await documents.write('spec', 1);
      await documents.write('leaving', 2);
      await documents.write('spec', 3);
      expect([await documents.read('spec'), await documents.read('leaving')]).toEqual([3, 2]);
    });

    test.each(['{"cut":', '', 'not JSON'])('a damaged one (%j) is refused, and is mended by writing', async (text) => {
      await documents.write('spec', {});
      await harness.damage('spec', text);
      await expect(documents.read('spec')).rejects.toMatchObject({
        code: 'MESSAGE_INVALID',
        message: expect.stringContaining('spec'),
      });
      await documents.write('spec', { whole: true });
      expect(await documents.read('spec')).toEqual({ whole: true });
    });

    test('a storage that fails says so, in reading and in writing', async () => {
      await documents.write('spec', {});
      await harness.breakStorage();
      await expect(documents.read('spec')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(documents.write('spec', {})).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });
  });
}
