import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Writes a whole file. Whoever reads it, also after a crash or when the disk is full, finds the old text or the new
 * one, never a part. Creates its folder if missing. `<path>.tmp` is next to it meanwhile, so write a path one at a
 * time.
 * `mode`: permissions, default 0o666 less the umask. Rejects with the error of the file system; the old text then
 * stays.
 */
export async function replaceFile(path: string, text: string, mode = 0o666): Promise<void> {
  const temporary = `${path}.tmp`;
  await mkdir(dirname(path), { recursive: true });
  try {
    const file = await open(temporary, 'w', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    // A part of it would take up the room that the next attempt needs.
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  // The new name is only on disk once the folder is synced.
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
