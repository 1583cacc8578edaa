import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../images/recipe.ts';
import { run } from '../process/run.ts';
import { builtOnce } from './built.ts';

const FILES = ['package.json', 'package-lock.json'];

/**
 * The `node_modules` of what the package.json and the package-lock.json of a folder pin, installed in the cache folder
 * once for each state of both. Install scripts do not run.
 */
export async function installedByNpm(name: string, from: string): Promise<string> {
  const digest = digestOf(...FILES.map((file) => readFileSync(join(from, file), 'utf8')));
  const folder = await builtOnce(`${name}-${digest}`, `the packages of ${from} (npm)`, async (building) => {
    for (const file of FILES) copyFileSync(join(from, file), join(building, file));
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: building });
  });
  return join(folder, 'node_modules');
}
