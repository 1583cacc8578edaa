import { setTimeout as delay } from 'node:timers/promises';
import { WsClusterError } from '@wscluster/ring';
import { SerialQueue } from '@wscluster/service';
import type { Documents } from '../core/ports/documents.ts';
import { unlessDamaged } from './unless-damaged.ts';

/**
 * Documents that can be written again for a store that has lost them. Nobody deletes a document or writes an older one:
 * if the store has none, one that cannot be read, or an older one than was seen here, it was emptied, damaged or
 * restored from a backup, and `read` restores what was seen.
 */
export interface KeptDocuments extends Documents {
  /**
   * Takes what is newer in the store, and restores what the store has lost: among controllers the newest wins, whoever
   * has it. True if something is newer than what this process had.
   */
  keep(names: readonly string[]): Promise<boolean>;
  /**
   * As `keep`, for a process that takes the lead. If the store can only be read since a moment, it first gives others,
   * which look once a second, the time to restore what they have.
   */
  gather(names: readonly string[]): Promise<void>;
  /** What was last read or written here; undefined if that is nothing. */
  last(name: string): object | undefined;
  /** Writes again what was last read or written here. */
  restore(): Promise<void>;
}

/** A connection that was lost is there again within a second, and what is lost is noticed within another one, ms. */
const RESTORED_MS = 2_000;

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
  /** performance.now(); undefined while the store cannot be read. */
  let readableSince: number | undefined;
  const store = async (name: string, kept: Kept) => {
    const { document, writes } = kept;
    await documents.write(name, writes === undefined ? document : { ...document, [WRITES]: writes });
    newest.set(name, kept);
  };
  const load = async (name: string) => keptOf(name, await documents.read(name));
  /** True if the store has something newer. */
  const keep = async (name: string): Promise<boolean> => {
    const seen = newest.get(name);
    const found = await unlessDamaged(load(name), () => seen !== undefined);
    if (seen !== undefined && (found === undefined || isOlder(found, seen))) {
      await store(name, seen);
      return false;
    }
    if (found !== undefined) newest.set(name, found);
    return found !== undefined && (seen === undefined || isOlder(seen, found));
  };
  const keepAll = (names: readonly string[]): Promise<boolean> =>
    queue.run(async () => {
      try {
        let isNewer = false;
        for (const name of names) isNewer = (await keep(name)) || isNewer;
        readableSince ??= performance.now();
        return isNewer;
      } catch (error) {
        readableSince = undefined;
        throw error;
      }
    });
  return {
    async read(name) {
      await queue.run(() => keep(name));
      return newest.get(name)?.document;
    },
    last: (name) => newest.get(name)?.document,
    keep: keepAll,
    async gather(names) {
      await keepAll(names);
      const waitMs = (readableSince ?? 0) + RESTORED_MS - performance.now();
      if (waitMs <= 0) return;
      await delay(waitMs);
      await keepAll(names);
    },
    write: (name, document) =>
      queue.run(async () => {
        if (!newest.has(name)) await keep(name);
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

/** The same documents for a leader, which writes none once it does not lead: nothing would refuse them. */
export function writtenByLeader(documents: KeptDocuments, { leading }: { leading(): boolean }): KeptDocuments {
  const checked = async (write: () => Promise<void>) => {
    if (leading()) return await write();
    throw new WsClusterError('STORE_UNAVAILABLE', 'nothing is stored until the lock can be renewed');
  };
  return {
    ...documents,
    write: (name, document) => checked(() => documents.write(name, document)),
    restore: () => checked(() => documents.restore()),
    keep: async (names) => leading() && (await documents.keep(names)),
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
