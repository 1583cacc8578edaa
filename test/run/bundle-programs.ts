import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Plugin, rolldown } from 'rolldown';

/** The programs that the tests start hundreds of times, from the root of the repository. */
const PROGRAMS = ['cli/src/main.ts', 'controller/src/main.ts', 'gateway/src/main.ts', 'ws-node/src/main.ts'];

/** What is native, or looks for what is. */
const EXTERNAL = [/\.node$/, /^cpu-features$/, /^ssh2$/];

/** Every module believes that it is where its source is: paths that it makes from that still lead there. */
const asInSource: Plugin = {
  name: 'as-in-source',
  transform: (code, id) =>
    code
      .replaceAll('import.meta.url', JSON.stringify(pathToFileURL(id).href))
      .replaceAll('import.meta.filename', JSON.stringify(id))
      .replaceAll(/\b__filename\b/g, JSON.stringify(id))
      .replaceAll(/\b__dirname\b/g, JSON.stringify(dirname(id))),
};

/**
 * Bundles each program, with what it imports, into one file of JavaScript below `folder`. A bundle needs a third of the
 * processor time that its hundreds of files need to start. Returns the environment in which Node runs the bundle
 * wherever a command names the program's TypeScript; see start-bundles.mjs.
 */
export async function bundlePrograms(root: string, folder: string): Promise<Record<string, string>> {
  const input = Object.fromEntries(PROGRAMS.map((program) => [program.replace(/\.ts$/, ''), join(root, program)]));
  const build = await rolldown({
    ...{ input, cwd: root, platform: 'node', external: EXTERNAL, plugins: [asInSource], logLevel: 'silent' },
  });
  await build.write({ dir: folder, format: 'esm' });
  await build.close();
  const bundles = PROGRAMS.map((program) => [
    pathToFileURL(join(root, program)).href,
    pathToFileURL(join(folder, program.replace(/\.ts$/, '.js'))).href,
  ]);
  const hook = readFileSync(new URL('./start-bundles.mjs', import.meta.url), 'utf8');
  const preload = join(folder, 'start-bundles.mjs');
  writeFileSync(preload, hook.replace('= BUNDLES', `= ${JSON.stringify(Object.fromEntries(bundles))}`));
  return { NODE_OPTIONS: `--import=${pathToFileURL(preload).href}` };
}
