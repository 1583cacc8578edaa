import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';

/** Version of the Python client that the tests speak with. Part of the cache folder's name: a new one makes a new folder. */
const WEBSOCKETS = '16.0';

/**
 * Finds or installs the real clients of the whole tests, and returns how tests find them:
 * WSCLUSTER_TEST_CHROMIUM (a browser binary) and WSCLUSTER_TEST_PYTHON (a Python that has `websockets`).
 * Throws an Error that says exactly what is missing where it may not install.
 */
export function provideTools() {
  return { WSCLUSTER_TEST_CHROMIUM: provideChromium(), WSCLUSTER_TEST_PYTHON: providePython() };
}

function provideChromium() {
  const given = process.env.WSCLUSTER_TEST_CHROMIUM;
  if (given !== undefined) {
    if (existsSync(given)) return given;
    throw new Error(`WSCLUSTER_TEST_CHROMIUM names ${given}, which does not exist.`);
  }
  const find = () => onPath('chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable');
  const found = find();
  if (found !== undefined) return found;
  aptInstall(['chromium'], 'a Chromium browser on the PATH (or its path in WSCLUSTER_TEST_CHROMIUM)');
  return find() ?? missing('chromium: apt installed it, but it is not on the PATH');
}

function providePython() {
  const given = process.env.WSCLUSTER_TEST_PYTHON;
  if (given !== undefined) {
    if (hasWebsockets(given)) return given;
    throw new Error(`WSCLUSTER_TEST_PYTHON names ${given}, which cannot import websockets.`);
  }
  const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'wscluster');
  const venv = join(cache, `python-websockets-${WEBSOCKETS}`);
  const python = join(venv, 'bin', 'python');
  if (hasWebsockets(python)) return python;

  // Built aside and renamed, so that an interrupted build is never taken for a finished one.
  const building = `${venv}.${process.pid}`;
  mkdirSync(cache, { recursive: true });
  try {
    if (!makeVenv(building)) {
      aptInstall(['python3', 'python3-venv'], 'python3 with its venv module');
      if (!makeVenv(building)) missing(`a python3 that can make a virtual environment in ${building}`);
    }
    process.stderr.write(`installing the Python package websockets ${WEBSOCKETS} into ${venv} ...\n`);
    run(join(building, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', `websockets==${WEBSOCKETS}`], {
      failure: 'pip cannot install websockets; it needs PyPI',
    });
    rmSync(venv, { recursive: true, force: true });
    renameSync(building, venv);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  return hasWebsockets(python) ? python : missing(`a working ${python}`);
}

function makeVenv(folder) {
  return spawnSync('python3', ['-m', 'venv', folder]).status === 0;
}

function hasWebsockets(python) {
  return spawnSync(python, ['-c', 'import websockets']).status === 0;
}

/** Installs Debian packages when this is Debian and we are root; else throws naming `what`. */
function aptInstall(packages, what) {
  if (!isDebian() || process.getuid?.() !== 0)
    missing(`${what}. On Debian as root the tests install it; here, install it yourself.`);
  process.stderr.write(`installing ${packages.join(', ')} (apt-get) ...\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const install = ['install', '--yes', '--no-install-recommends', ...packages];
  // The package lists of a fresh image are empty, those of an old one name files that are gone.
  run('apt-get', ['update', '-qq'], { env, failure: 'apt-get update failed; it needs the Debian mirrors' });
  run('apt-get', install, { env, failure: `apt-get cannot install ${packages.join(', ')}` });
}

function isDebian() {
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'));
  } catch {
    return false;
  }
}

function run(command, args, { env = process.env, failure }) {
  const done = spawnSync(command, args, { env, encoding: 'utf8' });
  if (done.status === 0) return;
  throw new Error(`${failure}:\n${done.error?.message ?? ''}${done.stdout ?? ''}${done.stderr ?? ''}`);
}

function onPath(...names) {
  for (const name of names)
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      const file = join(folder, name);
      try {
        accessSync(file, constants.X_OK);
        return file;
      } catch {
        // not there: look on
      }
    }
  return undefined;
}

function missing(what) {
  throw new Error(`missing: ${what}`);
}
