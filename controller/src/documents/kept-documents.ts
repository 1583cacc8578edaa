import type { Documents } from './port.ts';

/** Documents that can be written once more, for a store that has lost them. */
export interface KeptDocuments extends Documents {
  /** Writes again what was last read or written here. */
  restore(): Promise<void>;
}

export function keptDocuments(documents: Documents): KeptDocuments {
  const kept = new Map<string, unknown>();
  return {
    async read(name) {
      const document = await documents.read(name);
      if (document !== undefined) kept.set(name, document);
      return document;
    },
    async write(name, document) {
      await documents.write(name, document);
      kept.set(name, document);
    },
    async restore() {
      for (const [name, document] of kept) await documents.write(name, document);
    },
    close: () => documents.close(),
  };
}
