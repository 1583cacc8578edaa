import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes the address to another file first and renames it, so that nobody reads a part of it. */
export async function writePortFile(path: string, address: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  await writeFile(temporary, `${address}\n`);
  await rename(temporary, path);
}
