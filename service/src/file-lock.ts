import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

/** SQLite's code for "another process holds the lock". */
const SQLITE_BUSY = 5;

/** Average milliseconds between two attempts to take a lock. */
const RETRY_MS = 5;

/** The locks that this process holds; without a reference the garbage collector would close them. */
const held = new Set<DatabaseSync>();

/**
 * Takes the lock of a path. Returns a function that releases it, or undefined if another process, or another caller in
 * this one, holds it.
 *
 * It is a record lock of the kernel, which is released when its holder dies in any way, so there are no stale locks.
 * Node offers such locks only through SQLite, which is used for nothing else here: the file stays empty. It also stays
 * in place, since removing it would separate those who wait for it from those who come later.
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
    if (held.delete(db)) db.close(); // this ends the transaction, and the lock with it
  };
}

/** Runs `work` under the lock of a path. Throws an Error if it cannot get the lock within `deadlineMs`. */
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
    db.exec('PRAGMA journal_mode = MEMORY'); // no journal file next to the lock; this also detects that it is held
    db.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
