import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache.ts';
import { alone } from './lock.ts';
import { progress } from './progress.ts';

/**
 * The folder `name` of the cache, built by `build` the first time. It is built aside and renamed, so that an
 * interrupted build is never taken for a complete one. If several processes need it, one builds and the others wait.
 * Everything that decides the content (a version, a digest of the recipe) must be part of the name.
 */
export async function builtOnce(name: string, what: string, build: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheFolder(), name);
  if (existsSync(folder)) return folder;
  return await alone(name, async () => {
    if (existsSync(folder)) return folder;
    progress(`building ${what} into ${folder} ...`);
    const began = performance.now();
    const building = `${folder}.building`;
    rmSync(building, { recursive: true, force: true });
    mkdirSync(building, { recursive: true });
    try {
      await build(building);
      renameSync(building, folder);
    } finally {
      rmSync(building, { recursive: true, force: true });
    }
    progress(`built ${what} in ${Math.round((performance.now() - began) / 1000)} s`);
    return folder;
  });
}
