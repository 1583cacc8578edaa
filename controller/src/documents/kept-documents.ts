import type { Documents } from './port.ts';

/** Documents that can be written once more, for a store that has lost them. */
export interface KeptDocuments extends Documents {
  /** Writes again what was last read or written here. */
  restore(): Promise<void>;
}

/** Writes come one after the other, so that none puts an older state back. */
export function keptDocuments(documents: Documents): KeptDocuments {
  const kept = new Map<string, unknown>();
  let last: Promise<void> = Promise.resolve();
  const inTurn = (work: () => Promise<void>): Promise<void> => {
    const done = last.then(work, work);
    last = done.catch(() => {});
    return done;
  };
  return {
    async read(name) {
      const document = await documents.read(name);
      if (document !== undefined) kept.set(name, document);
      return document;
    },
    write: (name, document) =>
      inTurn(async () => {
        await documents.write(name, document);
        kept.set(name, document);
      }),
    restore: () =>
      inTurn(async () => {
        for (const [name, document] of kept) await documents.write(name, document);
      }),
    async close() {
      await last;
      await documents.close();
    },
  };
}
