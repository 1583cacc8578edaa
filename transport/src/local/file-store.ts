import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { compareRevisions, type Release, type Revision, type RingMessage, revisionSchema } from '@wscluster/ring';
import { replaceFile, SeenFile, withFileLock } from '@wscluster/service';
import type { RingStore, SaveResult } from '../ring-store.ts';
import { FileWork, loadRing, readIfThere } from './ring-file.ts';

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
  const work = new FileWork(path);
  // A leader looks at it every second.
  const revision = new SeenFile(path, heldRevision);
  return {
    load: () => work.run(() => loadRing(path)),
    revision: () => work.run(() => revision.read()),
    save: (message, after) => work.run(() => save(path, message, after)),
    saveRelease: (revision, release) => work.run(() => saveRelease(path, revision, release)),
    close: () => work.close(),
  };
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
