import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { provideByApt } from '../install/apt.ts';
import { builtOnce } from '../install/built.ts';
import { cacheFolder } from '../install/cache.ts';
import { run } from '../process/run.ts';

/**
 * Version of the Python package `websockets`. The name of the cache folder contains it, so a new version gets a new
 * folder.
 */
const WEBSOCKETS = '16.0';

/**
 * The path of a Python with the package `websockets`: from WSCLUSTER_TEST_PYTHON, else a virtual environment in the
 * cache folder. If it may not install it, throws an Error that says what is missing.
 */
export async function providePython(): Promise<string> {
  const given = process.env.WSCLUSTER_TEST_PYTHON;
  if (given !== undefined) {
    if (await hasWebsockets(given)) return given;
    throw new Error(`WSCLUSTER_TEST_PYTHON names ${given}, which cannot import websockets.`);
  }
  const name = `python-websockets-${WEBSOCKETS}`;
  const python = join(cacheFolder(), name, 'bin', 'python');
  if (await hasWebsockets(python)) return python;
  // It belongs to a Python that this machine no longer has.
  rmSync(join(cacheFolder(), name), { recursive: true, force: true });
  await builtOnce(name, `the Python package websockets ${WEBSOCKETS} (pip)`, async (folder) => {
    await makeVenv(folder);
    await run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', `websockets==${WEBSOCKETS}`]);
  });
  if (!(await hasWebsockets(python))) throw new Error(`${python} cannot import websockets although pip installed it`);
  return python;
}

async function makeVenv(folder: string): Promise<void> {
  const make = () => succeeds('python3', ['-m', 'venv', folder]);
  if (await make()) return;
  // The module that Debian's python3 lacks without this package.
  await provideByApt({ python3: ['python3'], 'python3-venv': ['/usr/share/python-wheels'] });
  if (!(await make()))
    throw new Error(`python3 cannot make a virtual environment in ${folder}: its venv module is missing`);
}

function hasWebsockets(python: string): Promise<boolean> {
  return succeeds(python, ['-c', 'import websockets']);
}

function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  return run(command, args).then(
    () => true,
    () => false,
  );
}
