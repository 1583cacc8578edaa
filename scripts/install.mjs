import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installIsCurrent } from './install-state.mjs';

/** Milliseconds between two looks at the install of another process. */
const LOOK_MS = 200;

/**
 * Installs the locked dependencies if they are missing. If several processes find them missing, one installs and the
 * others wait: two installs at once would remove each other's files. Throws an Error with npm's message.
 */
export function installIfNeeded(root) {
  if (installIsCurrent(root)) return;
  mkdirSync(join(root, '.wscluster'), { recursive: true });
  const lock = join(root, '.wscluster', 'install.lock');
  while (!take(lock)) {
    if (holderOf(lock) === undefined) rmSync(lock, { force: true });
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LOOK_MS);
  }
  try {
    if (!installIsCurrent(root)) npmCi(root);
  } finally {
    rmSync(lock, { force: true });
  }
}

function npmCi(root) {
  process.stderr.write('installing the locked dependencies (npm ci) ...\n');
  const ci = spawnSync('npm', ['ci', '--no-progress'], { cwd: root, encoding: 'utf8' });
  if (ci.error !== undefined) throw new Error(`cannot run npm: ${ci.error.message}. Install npm 10 or newer.`);
  if (ci.status !== 0) throw new Error(`${ci.stdout}${ci.stderr}npm ci failed: see above. It needs the npm registry.`);
}

function take(lock) {
  try {
    writeFileSync(lock, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
}

/** The process that is installing; undefined if it has died. */
function holderOf(lock) {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    process.kill(pid, 0);
    return pid;
  } catch (error) {
    return error.code === 'EPERM' ? 'of another user' : undefined;
  }
}
