import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

/** SQLite's code for "somebody else holds the lock". */
const SQLITE_BUSY = 5;

/** Milliseconds between two tries for a lock that is held, on average. */
const RETRY_MS = 5;

/**
 * Runs `work` while no other process (nor anybody else in this one) runs under the lock of the same path. Throws an
 * Error when the lock is not had within `deadlineMs`.
 *
 * The lock is a record lock of the kernel, and goes when its holder dies, however it dies; so there is no stale lock to
 * tell from a live one. Node reaches such locks only through SQLite, which is used for nothing else here: the file stays
 * empty. It also stays in place, since removing it would split those who wait for it from those who come later.
 */
export async function withFileLock<T>(path: string, deadlineMs: number, work: () => Promise<T>): Promise<T> {
  const db = new DatabaseSync(path, { timeout: 0 });
  try {
    await acquire(db, path, performance.now() + deadlineMs);
    return await work();
  } finally {
    db.close(); // ends the transaction, and with it the lock
  }
}

async function acquire(db: DatabaseSync, path: string, deadline: number): Promise<void> {
  while (!tryAcquire(db)) {
    if (performance.now() > deadline) throw new Error(`another process holds ${path} for too long`);
    await sleep(RETRY_MS * 2 * Math.random());
  }
}

function tryAcquire(db: DatabaseSync): boolean {
  try {
    db.exec('PRAGMA journal_mode = MEMORY'); // no journal file beside the lock; this too finds it held
    db.exec('BEGIN EXCLUSIVE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false;
    throw error;
  }
}
