import { spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { provideByApt } from '../testbed/src/install/apt.ts';
import { builtOnce } from '../testbed/src/install/built.ts';
import { cacheFolder } from '../testbed/src/install/cache.ts';
import { findProgram } from '../testbed/src/process/find-program.ts';

/** Version of the Python client that the tests speak with. Part of the cache folder's name: a new one makes a new folder. */
const WEBSOCKETS = '16.0';

/**
 * Finds or installs the real clients of the whole tests, and returns how tests find them:
 * WSCLUSTER_TEST_CHROMIUM (a browser binary) and WSCLUSTER_TEST_PYTHON (a Python that has `websockets`).
 * Throws an Error that says exactly what is missing where it may not install.
 */
export async function provideTools() {
  return { WSCLUSTER_TEST_CHROMIUM: await provideChromium(), WSCLUSTER_TEST_PYTHON: await providePython() };
}

async function provideChromium() {
  const given = process.env.WSCLUSTER_TEST_CHROMIUM;
  if (given !== undefined) {
    if (existsSync(given)) return given;
    throw new Error(`WSCLUSTER_TEST_CHROMIUM names ${given}, which does not exist.`);
  }
  const found = findProgram('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable');
  if (found !== undefined) return found;
  await provideByApt({ chromium: ['chromium'] });
  return findProgram('chromium');
}

async function providePython() {
  const given = process.env.WSCLUSTER_TEST_PYTHON;
  if (given !== undefined) {
    if (hasWebsockets(given)) return given;
    throw new Error(`WSCLUSTER_TEST_PYTHON names ${given}, which cannot import websockets.`);
  }
  const name = `python-websockets-${WEBSOCKETS}`;
  const python = join(cacheFolder(), name, 'bin', 'python');
  if (hasWebsockets(python)) return python;
  // It is of a Python that this machine no longer has.
  rmSync(join(cacheFolder(), name), { recursive: true, force: true });
  await builtOnce(name, `the Python package websockets ${WEBSOCKETS} (pip)`, async (folder) => {
    await makeVenv(folder);
    run(join(folder, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', `websockets==${WEBSOCKETS}`], {
      failure: 'pip cannot install websockets; it needs PyPI',
    });
  });
  if (!hasWebsockets(python)) throw new Error(`${python} cannot import websockets although pip installed it`);
  return python;
}

async function makeVenv(folder) {
  const make = () => spawnSync('python3', ['-m', 'venv', folder]).status === 0;
  if (make()) return;
  // The module that Debian's python3 lacks without this package.
  await provideByApt({ python3: ['python3'], 'python3-venv': ['/usr/share/python-wheels'] });
  if (!make()) throw new Error(`python3 cannot make a virtual environment in ${folder}: its venv module is missing`);
}

function hasWebsockets(python) {
  return spawnSync(python, ['-c', 'import websockets']).status === 0;
}

function run(command, args, { failure }) {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  if (done.status === 0) return;
  throw new Error(`${failure}:\n${done.error?.message ?? ''}${done.stdout ?? ''}${done.stderr ?? ''}`);
}
