import { join, resolve } from 'node:path';
import { acquireStateLock, type StateLock } from '@wscluster/service';

/**
 * The state folder for this launcher alone. `lockCluster` tries the lock of the controller, so that one that was started
 * without a launcher is found too. Throws STATE_IN_USE with the pid of whoever works with the folder, and CONFIG_INVALID
 * when it cannot be written.
 */
export async function ownState(stateDir: string, lockCluster: () => Promise<StateLock>): Promise<StateLock> {
  const folder = resolve(stateDir);
  const lock = await acquireStateLock({ path: join(folder, 'launcher'), what: `the state folder ${folder}` });
  try {
    // Only to ask: from now on it is the controller of this launcher that takes it.
    (await lockCluster()).release();
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}
