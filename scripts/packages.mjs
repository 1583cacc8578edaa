// `npm run build:packages`: builds the npm packages as JavaScript with types, since Node does not strip types inside
// node_modules. Leaves dist/NAME.tgz for each, to install or to publish; the folders beside them show the contents. An
// argument names another folder than dist.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writePackage } from './packages/write-package.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = resolve(process.argv[2] ?? join(root, 'dist'));

const PACKAGES = [
  {
    name: '@wscluster/ws-node',
    description: 'Library for Node.js backends of a wscluster',
    workspaces: ['ring', 'service', 'transport', 'ws-node'],
    exports: 'ws-node/src/index',
    readme: 'ws-node/README.md',
  },
  {
    name: 'wscluster',
    description: 'Routes WebSocket connections by key over many nodes, and moves only the clients whose owner changed',
    workspaces: ['ring', 'service', 'transport', 'ws-node', 'controller', 'gateway', 'cli'],
    command: 'wscluster',
    files: ['dashboard/dist', 'deploy/local'],
    readme: 'cli/README.md',
  },
];

function run(what, command, args, cwd = root) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status === 0) return;
  process.stderr.write(`${what} failed${error === undefined ? ': see above' : `: ${error.message}`}\n`);
  process.exit(1);
}

rmSync(dist, { recursive: true, force: true });
run('building the dashboard', process.execPath, [join(root, 'scripts', 'dashboard.mjs')]);
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
run('the compiler', process.execPath, [tsc, '-p', 'tsconfig.packages.json', '--outDir', join(dist, 'build')]);
for (const spec of PACKAGES) {
  const folder = join(dist, spec.name);
  mkdirSync(folder, { recursive: true });
  writePackage(root, join(dist, 'build'), folder, spec);
  run(`packing ${spec.name}`, 'npm', ['pack', '--loglevel=error', '--pack-destination', dist], folder);
}
