// Runs FILE under the Node that the lockfile pins, after installing what is missing: `node scripts/run.mjs FILE
// [args]`. This file and its imports must work on an older Node with nothing installed, so they are plain JavaScript on
// built-ins.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installIfNeeded } from './install.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}

/** The real binary: node_modules/.bin/node is a link (on Windows a script) to it. */
function pinnedNode() {
  const wanted = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.node;
  const binary = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  const version = spawnSync(binary, ['--version'], { encoding: 'utf8' });
  if (version.error !== undefined)
    fail(
      `${binary} does not run: ${version.error.message}.\nThe install script of the package "node" puts it there; ` +
        'it does not run under `npm ci --ignore-scripts`. Run `npm rebuild node`.',
    );
  if (version.stdout.trim() !== `v${wanted}`)
    fail(`${binary} is ${version.stdout.trim() || 'broken'}, but v${wanted} is pinned. Run \`npm ci\`.`);
  return binary;
}

const [file, ...args] = process.argv.slice(2);
if (file === undefined) fail('usage: node scripts/run.mjs FILE [args]');
try {
  installIfNeeded(root);
} catch (error) {
  fail(error.message);
}

const child = spawn(pinnedNode(), [file, ...args], { stdio: 'inherit' });
// A signal may come to this process alone (from a supervisor) or to the whole group (Ctrl-C). It is always passed on,
// and never ends this process before the child: otherwise the shell would prompt while ports are still taken.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => fail(`cannot run ${file}: ${error.message}`));
child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
