import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../process/run.ts';

/** The image's npm. Node's own archive includes one, but is not on npm's registry. */
export const NPM_VERSION = '11.21.2';

/** Puts this Node (the one that the lockfile pins) and npm into the image's build context. */
export async function addNodeFiles(context: string): Promise<void> {
  cpSync(process.execPath, join(context, 'node'), { dereference: true });
  const archive = await run('npm', ['pack', '--silent', `npm@${NPM_VERSION}`], { cwd: context });
  await run('tar', ['--extract', '--file', archive.trim(), '--transform', 's/^package/npm/'], { cwd: context });
  await run('rm', ['--', archive.trim()], { cwd: context });
}

/** `24.21.0`: part of the recipe. */
export const NODE_VERSION = process.versions.node;
