import { replaceFile } from '@wscluster/service';

/** Writes the address where the controller looks for it. */
export async function writePortFile(path: string, address: string): Promise<void> {
  await replaceFile(path, `${address}\n`);
}
