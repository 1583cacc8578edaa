import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder for one server. Its name is short: Unix sockets inside may have about 100 characters. */
export function serverFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `wsc-${name}-`));
}
