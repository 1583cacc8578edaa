import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { serverFolder } from '@wscluster/testbed';

let root: string | undefined;

/** A new folder for a server of the benchmark. It goes with this process, also if that is interrupted. */
export function scratchFolder(name: string): string {
  root ??= rootFolder();
  return mkdtempSync(join(root, `${name}-`));
}

function rootFolder(): string {
  const folder = serverFolder('peers');
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  // The servers end with this process, and the load with its input.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  return folder;
}
