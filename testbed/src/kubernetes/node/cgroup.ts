import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { processes } from '../../process/children.ts';

/** The control group of all pods, with a name that the machine's own kubelet would not use. */
export const CGROUP = 'wscluster-testbed';

const ROOT = '/sys/fs/cgroup';

/** Creates the group in each hierarchy (v1), or in the single one (v2). */
export function makeCgroup(): void {
  for (const hierarchy of hierarchies()) mkdirSync(join(hierarchy, CGROUP), { recursive: true });
  if (!isUnified()) return;
  for (const folder of [ROOT, join(ROOT, CGROUP)])
    for (const controller of ['cpuset', 'cpu', 'memory', 'pids'])
      writeFileSync(join(folder, 'cgroup.subtree_control'), `+${controller}`);
}

/** Removes the group and those below it. Their processes have been killed, and will have ended shortly. */
export async function removeCgroup(): Promise<void> {
  const deadline = performance.now() + 5000;
  for (const hierarchy of hierarchies())
    while (!removed(join(hierarchy, CGROUP)) && performance.now() < deadline) await delay(20);
}

/**
 * The first process of each container of the pod with this uid, by pid on this machine, without its pause container.
 */
export function containerPids(uid: string): number[] {
  return processes().filter(
    (pid) =>
      read(`/proc/${pid}/cgroup`).includes(`/pod${uid}/`) &&
      // Probes and exec have other pids in the container.
      /^NSpid:.*\t1$/m.test(read(`/proc/${pid}/status`)) &&
      read(`/proc/${pid}/comm`) !== 'pause\n',
  );
}

/** Empty when the process has ended. */
function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function removed(folder: string): boolean {
  if (!existsSync(folder)) return true;
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const empty = below.map((entry) => removed(join(folder, entry.name))).every(Boolean);
  try {
    if (empty) rmdirSync(folder);
    return empty;
  } catch {
    return false; // busy
  }
}

function isUnified(): boolean {
  return existsSync(join(ROOT, 'cgroup.controllers'));
}

function hierarchies(): string[] {
  if (isUnified()) return [ROOT];
  return readdirSync(ROOT)
    .map((name) => join(ROOT, name))
    .filter((folder) => existsSync(join(folder, 'cgroup.procs')));
}
