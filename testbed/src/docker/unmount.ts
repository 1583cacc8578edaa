import { readFileSync } from 'node:fs';
import { run } from '../process/run.ts';

/** Unmounts everything below the folder: dockerd leaves network namespaces there. */
export async function unmountBelow(folder: string): Promise<void> {
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((path) => path.startsWith(`${folder}/`));
  // The last mounted first: it may be inside another.
  for (const path of mounts.reverse()) await run('umount', ['--lazy', path]);
}
