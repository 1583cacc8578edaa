import { WsClusterError } from '@wscluster/ring';
import { SerialQueue } from '@wscluster/service';
import type { Documents } from '../core/ports/documents.ts';

/**
 * Documents that can be written again for a store that has lost them. Nobody deletes a document or writes an older one:
 * if the store has none, or an older one than was seen here, it was emptied or restored from a backup, and `read`
 * restores what was seen.
 */
export interface KeptDocuments extends Documents {
  /** Reads these without using them, so that a standby has what the leader last wrote. */
  look(names: readonly string[]): Promise<void>;
  /** Writes again what was last read or written here. */
  restore(): Promise<void>;
}

/** The field of a stored document that counts its writes. */
const WRITES = '$writes';

interface Kept {
  readonly document: object;
  /** Undefined if a version that does not count has written it. */
  readonly writes: number | undefined;
}

/** One write at a time, so that none restores an older state. */
export function keptDocuments(documents: Documents): KeptDocuments {
  const newest = new Map<string, Kept>();
  const queue = new SerialQueue();
  const store = async (name: string, kept: Kept) => {
    const { document, writes } = kept;
    await documents.write(name, writes === undefined ? document : { ...document, [WRITES]: writes });
    newest.set(name, kept);
  };
  /** True if the store has what was seen here, or newer. */
  const look = async (name: string): Promise<boolean> => {
    const found = keptOf(name, await documents.read(name));
    const seen = newest.get(name);
    if (found === undefined || (seen !== undefined && isOlder(found, seen))) return false;
    newest.set(name, found);
    return true;
  };
  return {
    async read(name) {
      const isStored = await look(name);
      const seen = newest.get(name);
      if (!isStored && seen !== undefined) await queue.run(() => store(name, newest.get(name) ?? seen));
      return newest.get(name)?.document;
    },
    async look(names) {
      for (const name of names) await look(name);
    },
    write: (name, document) =>
      queue.run(async () => {
        if (!newest.has(name)) await look(name);
        await store(name, { document, writes: 1 + (newest.get(name)?.writes ?? 0) });
      }),
    restore: () =>
      queue.run(async () => {
        for (const [name, kept] of newest) await store(name, kept);
      }),
    async close() {
      await queue.idle();
      await documents.close();
    },
  };
}

function isOlder(found: Kept, seen: Kept): boolean {
  return found.writes !== undefined && seen.writes !== undefined && found.writes < seen.writes;
}

function keptOf(name: string, found: unknown): Kept | undefined {
  if (found === undefined) return undefined;
  if (typeof found !== 'object' || found === null || Array.isArray(found))
    throw new WsClusterError('MESSAGE_INVALID', `the stored ${name} is not an object; delete it to start afresh`);
  const { [WRITES]: writes, ...document } = found as Record<string, unknown>;
  return { document, writes: typeof writes === 'number' ? writes : undefined };
}
