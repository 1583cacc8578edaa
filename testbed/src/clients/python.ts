import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf } from '../images/recipe.ts';
import { provideByApt } from '../install/apt.ts';
import { builtOnce } from '../install/built.ts';
import { cacheFolder } from '../install/cache.ts';
import { run } from '../process/run.ts';

/** Version of the Python package `websockets`. */
const WEBSOCKETS = '16.0';

/**
 * The path of a Python with the package `websockets`: from WSCLUSTER_TEST_PYTHON, else a virtual environment in the
 * cache folder. If it may not install it, throws an Error that says what is missing.
 */
export async function providePython(): Promise<string> {
  const given = process.env.WSCLUSTER_TEST_PYTHON;
  if (given !== undefined) {
    if (await succeeds(given, ['-c', 'import websockets'])) return given;
    throw new Error(`WSCLUSTER_TEST_PYTHON names ${given}, which cannot import websockets.`);
  }
  return join(await venv(`python-websockets-${WEBSOCKETS}`, [`websockets==${WEBSOCKETS}`]), 'bin', 'python');
}

/** A virtual environment in the cache folder with what a requirements.txt pins, made once for each state of it. */
export function installedByPip(name: string, requirements: string): Promise<string> {
  return venv(`${name}-${digestOf(readFileSync(requirements, 'utf8'))}`, ['--requirement', requirements]);
}

/** `wanted`: what pip is to install. The name decides, so it must have the versions in it, or a digest of them. */
async function venv(name: string, wanted: readonly string[]): Promise<string> {
  const made = join(cacheFolder(), name);
  // It may belong to a Python that this machine no longer has.
  if (!(await succeeds(join(made, 'bin', 'python'), ['--version']))) rmSync(made, { recursive: true, force: true });
  return builtOnce(name, `a Python with ${wanted.join(' ')} (pip)`, async (folder) => {
    await makeVenv(folder);
    await run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', ...wanted]);
  });
}

async function makeVenv(folder: string): Promise<void> {
  const make = () => succeeds('python3', ['-m', 'venv', folder]);
  if (await make()) return;
  // The module that Debian's python3 lacks without this package.
  await provideByApt({ python3: ['python3'], 'python3-venv': ['/usr/share/python-wheels'] });
  if (!(await make()))
    throw new Error(`python3 cannot make a virtual environment in ${folder}: its venv module is missing`);
}

function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}
