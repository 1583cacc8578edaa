import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * A file that exists once a group has passed on this machine with just these contents of these folders, which are all
 * that its tests test.
 */
export function passedMark(group: string, folders: readonly string[], root: string): string {
  const hash = createHash('sha256');
  const patterns = folders.map((folder) => `${folder}/**`);
  for (const path of globSync(patterns, { cwd: root, exclude: (name) => name === 'node_modules' }).sort())
    if (statSync(join(root, path)).isFile()) hash.update(`${path}\0`).update(readFileSync(join(root, path)));
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'wscluster', 'passed');
  return join(cache, `${group}-${hash.digest('hex').slice(0, 16)}`);
}

export function hasPassed(mark: string): boolean {
  return existsSync(mark);
}

export function markPassed(mark: string): void {
  mkdirSync(join(mark, '..'), { recursive: true });
  writeFileSync(mark, '');
}
