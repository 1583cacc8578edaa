import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

/** SQLite's code for "somebody else holds the lock". */
const SQLITE_BUSY = 5;

/** Milliseconds between two tries for a lock that is held, on average. */
const RETRY_MS = 5;

/** Locks that are held: one that nothing refers to would be closed when memory is collected. */
const held = new Set<DatabaseSync>();

/**
 * Takes the lock of a path: returns what releases it, or undefined when another process (or anybody else in this one)
 * holds it.
 *
 * The lock is a record lock of the kernel, and goes when its holder dies, however it dies; so there is no stale lock to
 * tell from a live one. Node reaches such locks only through SQLite, which is used for nothing else here: the file
 * stays empty. It also stays in place, since removing it would split those who wait for it from those who come later.
 */
export function tryFileLock(path: string): (() => void) | undefined {
  const db = new DatabaseSync(path, { timeout: 0 });
  let locked = false;
  try {
    locked = lock(db);
  } finally {
    if (!locked) db.close();
  }
  if (!locked) return undefined;
  held.add(db);
  return () => {
    if (held.delete(db)) db.close(); // ends the transaction, and with it the lock
  };
}

/** Runs `work` under the lock of a path. Throws an Error when the lock is not had within `deadlineMs`. */
export async function withFileLock<T>(path: string, deadlineMs: number, work: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  let release = tryFileLock(path);
  while (release === undefined) {
    if (performance.now() > deadline) throw new Error(`another process holds ${path} for too long`);
    await sleep(RETRY_MS * 2 * Math.random());
    release = tryFileLock(path);
  }
  try {
    return await work();
  } finally {
    release();
  }
}

function lock(db: DatabaseSync): boolean {
  try {
    db.exec('PRAGMA journal_mode = MEMORY'); // no journal file beside the lock; this too finds it held
    db.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
