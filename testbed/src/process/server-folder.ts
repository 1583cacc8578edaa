import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder for one server. Its name is short: paths of Unix sockets are limited to about 100 characters. */
export function serverFolder(name: string): string {
  return mkdtempSync(join(tmpdir(), `wsc-${name}-`));
}
