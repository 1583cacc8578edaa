import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const CGROUPS = '/sys/fs/cgroup';

/** Times the weight of a process that is in no group: as many of those as a busy test run has. */
const WEIGHT = 10;

/** Whether there is one hierarchy for all controllers (v2). */
export function isUnified(): boolean {
  return existsSync(join(CGROUPS, 'cgroup.controllers'));
}

/** The folder of each hierarchy (v1), or of the single one (v2). */
export function hierarchies(): string[] {
  if (isUnified()) return [CGROUPS];
  return readdirSync(CGROUPS)
    .map((name) => join(CGROUPS, name))
    .filter((folder) => existsSync(join(folder, 'cgroup.procs')));
}

/**
 * Gives a group more of a busy processor. All containers in it would otherwise have together what a single process
 * beside it has: a database would need minutes to start. On v1 the group is created if it is missing.
 */
export function favour(group: string): void {
  if (isUnified()) {
    const file = join(CGROUPS, group, 'cpu.weight');
    if (existsSync(file)) writeFileSync(file, String(100 * WEIGHT));
    return;
  }
  for (const hierarchy of hierarchies().filter((folder) => existsSync(join(folder, 'cpu.shares')))) {
    mkdirSync(join(hierarchy, group), { recursive: true });
    writeFileSync(join(hierarchy, group, 'cpu.shares'), String(1024 * WEIGHT));
  }
}
