import { join, resolve } from 'node:path';
import { acquireStateLock, type StateLock } from '@wscluster/service';

/**
 * Without brokers the state of a cluster (nodes, ring, spec) is a folder: one controller at a time works with it.
 * Throws STATE_IN_USE with the pid of the one that does, and CONFIG_INVALID if the folder is not writable.
 */
export function lockClusterState(stateDir: string, cluster: string): Promise<StateLock> {
  const folder = resolve(stateDir, cluster);
  return acquireStateLock({ path: join(folder, 'controller'), what: `the state of cluster ${cluster} in ${folder}` });
}
