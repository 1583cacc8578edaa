import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { messageOf, WsClusterError } from '@wscluster/ring';
import { z } from 'zod';
import { tryFileLock } from './file-lock.ts';
import { processIdentity } from './process-identity.ts';

/** Deadline for a process that has taken or released the lock to update the record, ms. */
const SETTLE_MS = 1000;
const LOOK_AGAIN_MS = 10;

const holderSchema = z.object({
  pid: z.int().positive(),
  /** See processIdentity. */
  identity: z.string(),
  /** It has released the lock itself, and may still be running. */
  released: z.boolean().optional(),
});
export type LockHolder = Readonly<z.infer<typeof holderSchema>>;

export interface StateLockOptions {
  /** `<path>.lock` is locked, `<path>.json` names the holder. Their folder is created if missing. */
  readonly path: string;
  /** What it protects, for errors: "the state folder /var/lib/wscluster". */
  readonly what: string;
}

export interface StateLock {
  /** The last holder, which may have ended in any way; undefined if there was none. */
  readonly previous: LockHolder | undefined;
  /** May be called again. */
  release(): void;
}

/**
 * Lets one process at a time work with `what`, until it releases the lock or ends in any way. The kernel's lock
 * decides; the record next to it only names the last holder. Throws STATE_IN_USE with the holder's pid, and
 * CONFIG_INVALID if the folder cannot be written.
 */
export async function acquireStateLock({ path, what }: StateLockOptions): Promise<StateLock> {
  const record = `${path}.json`;
  const deadline = performance.now() + SETTLE_MS;
  for (;;) {
    let unlock: (() => void) | undefined;
    try {
      mkdirSync(dirname(path), { recursive: true });
      const own = writeOwn(record);
      unlock = tryFileLock(`${path}.lock`);
      if (unlock === undefined) rmSync(own);
      else return taken(record, own, unlock);
    } catch (error) {
      unlock?.();
      throw new WsClusterError(
        'CONFIG_INVALID',
        `${what} cannot be written: ${messageOf(error)}; choose another folder with --state-dir`,
        { field: 'stateDir', cause: error },
      );
    }
    const holder = readHolder(record);
    const known = holder !== undefined && !holder.released && processIdentity(holder.pid) === holder.identity;
    // A record of another process means that the holder has not written its own yet.
    if (known || performance.now() > deadline) {
      const who = holder === undefined ? 'another process' : `process ${holder.pid}`;
      throw new WsClusterError(
        'STATE_IN_USE',
        `${what} is in use by ${who}: stop that first, or choose another folder with --state-dir`,
        { field: 'stateDir' },
      );
    }
    await delay(LOOK_AGAIN_MS);
  }
}

/** Called before the lock is tried, so that an unwritable folder fails here, with the reason. */
function writeOwn(record: string): string {
  const own = `${record}.${process.pid}`;
  try {
    writeFileSync(own, JSON.stringify(self()));
  } catch (error) {
    rmSync(own, { force: true });
    throw error;
  }
  return own;
}

function self(): LockHolder {
  return { pid: process.pid, identity: processIdentity(process.pid) ?? '' };
}

function taken(record: string, own: string, unlock: () => void): StateLock {
  const previous = readHolder(record);
  renameSync(own, record);
  let held = true;
  return {
    previous,
    release() {
      if (!held) return;
      held = false;
      try {
        // Still under the lock, so that this cannot overwrite the record of the next holder.
        writeFileSync(record, JSON.stringify({ ...self(), released: true }));
      } catch {
        // The folder was removed, and the record with it.
      }
      unlock();
    },
  };
}

function readHolder(record: string): LockHolder | undefined {
  try {
    return holderSchema.parse(JSON.parse(readFileSync(record, 'utf8')));
  } catch {
    return undefined; // no holder yet, or half a record after a crash of the machine
  }
}
