import { join, resolve } from 'node:path';
import { acquireStateLock, type StateLock } from '@wscluster/service';

/**
 * Reserves the state folder for this launcher. `lockCluster` tries the controller's lock, to find a controller that was
 * started without a launcher. Throws STATE_IN_USE with the pid of the process that uses the folder, and CONFIG_INVALID
 * if the folder is not writable.
 */
export async function ownState(stateDir: string, lockCluster: () => Promise<StateLock>): Promise<StateLock> {
  const folder = resolve(stateDir);
  const lock = await acquireStateLock({ path: join(folder, 'launcher'), what: `the state folder ${folder}` });
  try {
    // Only a check: the controller of this launcher takes it later.
    (await lockCluster()).release();
    return lock;
  } catch (error) {
    lock.release();
    throw error;
  }
}
