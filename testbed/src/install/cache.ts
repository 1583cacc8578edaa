import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/**
 * The folder of everything that is built once and kept between runs: `$XDG_CACHE_HOME/wscluster`, or
 * `~/.cache/wscluster`.
 */
export function cacheFolder(): string {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'wscluster');
  mkdirSync(folder, { recursive: true });
  return folder;
}
