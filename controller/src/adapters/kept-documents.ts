import { SerialQueue } from '@wscluster/service';
import type { Documents } from '../core/ports/documents.ts';

/**
 * Documents that can be written again for a store that has lost them. Nobody deletes a document: if one was seen here
 * and is now missing, the store has lost it, and `read` restores it.
 */
export interface KeptDocuments extends Documents {
  /** Reads these without using them, so that a standby has what the leader last wrote. */
  look(names: readonly string[]): Promise<void>;
  /** Writes again what was last read or written here. */
  restore(): Promise<void>;
}

/** One write at a time, so that none restores an older state. */
export function keptDocuments(documents: Documents): KeptDocuments {
  const kept = new Map<string, unknown>();
  const writes = new SerialQueue();
  const write = (name: string, document: unknown) =>
    writes.run(async () => {
      await documents.write(name, document);
      kept.set(name, document);
    });
  const look = async (name: string): Promise<unknown> => {
    const document = await documents.read(name);
    if (document !== undefined) kept.set(name, document);
    return document;
  };
  return {
    async read(name) {
      const found = await look(name);
      if (found !== undefined || !kept.has(name)) return found;
      await write(name, kept.get(name));
      return kept.get(name);
    },
    async look(names) {
      for (const name of names) await look(name);
    },
    write,
    restore: () =>
      writes.run(async () => {
        for (const [name, document] of kept) await documents.write(name, document);
      }),
    async close() {
      await writes.idle();
      await documents.close();
    },
  };
}
