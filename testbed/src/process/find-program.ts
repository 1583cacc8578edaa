import { accessSync, constants } from 'node:fs';
import { delimiter, resolve } from 'node:path';

/** Where Debian puts servers; not always on a user's PATH. */
const SYSTEM = ['/usr/local/sbin', '/usr/sbin', '/sbin'];

/** The first of the programs that exists, on the PATH or in the system's folders; undefined if none does. */
export function findProgram(...names: string[]): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...SYSTEM];
  return names.flatMap((name) => folders.map((folder) => resolve(folder, name))).find(isProgram);
}

export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Like findProgram; throws an Error that says how to get it. */
export function needProgram(name: string, debianPackage: string): string {
  const found = findProgram(name);
  if (found !== undefined) return found;
  throw new Error(`missing: ${name} (Debian's package ${debianPackage}). On Debian as root: npm run testbed`);
}
