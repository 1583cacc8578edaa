import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import {
  compareRevisions,
  decodeRing,
  messageOf,
  parseRingMessage,
  type Release,
  type Revision,
  type RingMessage,
  revisionSchema,
  WsClusterError,
} from '@wscluster/ring';
import { replaceFile, withFileLock } from '@wscluster/service';
import type { RingStore, SaveResult } from '../ring-store.ts';

/** Milliseconds that a save waits for concurrent saves. One save takes a few milliseconds. */
const LOCK_DEADLINE_MS = 5_000;

export interface FileStoreOptions {
  /** The file that holds the ring. Its folder is created if missing. `<path>.lock` and `<path>.tmp` are next to it. */
  readonly path: string;
}

/**
 * Keeps the ring in a JSON file. Several processes may save at once; the highest revision wins. A process that is
 * killed at any moment leaves either the old ring or the new one, never a part of one.
 */
export function openFileStore({ path }: FileStoreOptions): RingStore {
  let closed = false;
  const working = new Set<Promise<unknown>>();

  function track<T>(work: () => Promise<T>): Promise<T> {
    if (closed) return Promise.reject(new WsClusterError('STORE_UNAVAILABLE', `${path}: the store is closed`));
    const done = work().catch((error: unknown) => {
      throw storeError(path, error);
    });
    working.add(done);
    const forget = () => working.delete(done);
    done.then(forget, forget);
    return done;
  }

  return {
    load: () => track(() => load(path)),
    revision: () => track(async () => heldRevision(await readIfThere(path))),
    save: (message, after) => track(() => save(path, message, after)),
    saveRelease: (revision, release) => track(() => saveRelease(path, revision, release)),
    async close() {
      closed = true;
      await Promise.allSettled(working);
    },
  };
}

async function load(path: string): Promise<RingMessage | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const message = parseRingMessage(text);
  decodeRing(message); // detects a damaged table, which is still a valid string
  return message;
}

async function save(path: string, message: RingMessage, after: Revision | undefined): Promise<SaveResult> {
  await mkdir(dirname(path), { recursive: true });
  return await withFileLock(`${path}.lock`, LOCK_DEADLINE_MS, async () => {
    const held = heldRevision(await readIfThere(path));
    if (held !== undefined && compareRevisions(message.revision, held) <= 0) return 'stale';
    await replaceFile(path, `${JSON.stringify(message)}\n`, 0o600);
    const lost = after !== undefined && (held === undefined || compareRevisions(held, after) < 0);
    return lost ? 'regained' : 'saved';
  });
}

async function saveRelease(path: string, revision: Revision, release: Release): Promise<void> {
  if ((await readIfThere(path)) === undefined) return; // the lock needs the folder
  await withFileLock(`${path}.lock`, LOCK_DEADLINE_MS, async () => {
    const text = await readIfThere(path);
    const held = heldRevision(text);
    if (text === undefined || held === undefined || compareRevisions(held, revision) !== 0) return;
    await replaceFile(path, `${JSON.stringify({ ...JSON.parse(text), release })}\n`, 0o600);
  });
}

/**
 * The revision of a stored document, even if the rest of it is damaged. A document without a readable revision does not
 * block new rings: a leader takes an epoch above all that gateways report.
 */
function heldRevision(text: string | undefined): Revision | undefined {
  if (text === undefined) return undefined;
  try {
    return revisionSchema.safeParse(JSON.parse(text)?.revision).data;
  } catch {
    return undefined;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function storeError(path: string, error: unknown): WsClusterError {
  if (error instanceof WsClusterError)
    return new WsClusterError(error.code, `${path}: ${error.message}`, {
      cause: error,
      ...(error.field !== undefined && { field: error.field }),
    });
  return new WsClusterError('STORE_UNAVAILABLE', `${path}: ${messageOf(error)}`, { cause: error });
}
