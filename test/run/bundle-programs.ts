import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { atItsSource, bundle } from '../../scripts/bundle/bundle.ts';

/** The programs that the tests start hundreds of times, from the root of the repository. */
const PROGRAMS = [
  ...['cli/src/main.ts', 'controller/src/main.ts', 'gateway/src/main.ts', 'ws-node/src/main.ts'],
  'chaos/node/main.ts',
];

/**
 * Bundles each program below `folder`. Returns the environment in which Node runs the bundle wherever a command names
 * the program's TypeScript; see start-bundles.mjs.
 */
export async function bundlePrograms(root: string, folder: string): Promise<Record<string, string>> {
  for (const program of PROGRAMS) await bundle(root, program, dirname(join(folder, program)), atItsSource);
  const bundles = PROGRAMS.map((program) => [
    pathToFileURL(join(root, program)).href,
    pathToFileURL(join(folder, program.replace(/\.ts$/, '.mjs'))).href,
  ]);
  const hook = readFileSync(new URL('./start-bundles.mjs', import.meta.url), 'utf8');
  const preload = join(folder, 'start-bundles.mjs');
  writeFileSync(preload, hook.replace('= BUNDLES', `= ${JSON.stringify(Object.fromEntries(bundles))}`));
  return { NODE_OPTIONS: `--import=${pathToFileURL(preload).href}` };
}
