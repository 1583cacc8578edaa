// `npm run build:packages`: builds the npm packages as JavaScript with types, since Node does not strip types inside
// node_modules. Leaves dist/NAME.tgz for each, to install or to publish; the folders beside them show the contents. A
// first argument names another folder than dist, a second one the only package to build.
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeLibrary } from './packages/write-library.mjs';
import { writeProgram } from './packages/write-program.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const [folderName = join(root, 'dist'), only] = process.argv.slice(2);
const dist = resolve(folderName);

const PACKAGES = [
  {
    write: writeLibrary,
    name: '@wscluster/node',
    description: 'Makes any Node.js server a node of a wscluster: drain, readiness, keys, messages for a key',
    node: '>=20',
    workspaces: ['ring', 'service', 'transport', 'node'],
    entry: 'node/src/index.ts',
    optional: ['amqplib', 'ioredis'],
    readme: 'node/README.md',
  },
  {
    write: writeProgram,
    name: 'wscluster',
    description: 'Routes WebSocket connections by key over many nodes, and moves only the clients whose owner changed',
    node: '>=24',
    workspaces: ['ring', 'service', 'transport', 'node', 'ws-node', 'controller', 'gateway', 'cli'],
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

const chosen = PACKAGES.filter(({ name }) => only === undefined || name === only);
rmSync(dist, { recursive: true, force: true });
if (chosen.some(({ files = [] }) => files.includes('dashboard/dist')))
  run('building the dashboard', process.execPath, [join(root, 'scripts', 'dashboard.mjs')]);
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
run('the compiler', process.execPath, [tsc, '-p', 'tsconfig.packages.json', '--outDir', join(dist, 'build')]);
for (const { write, ...spec } of chosen) {
  const folder = join(dist, spec.name);
  mkdirSync(folder, { recursive: true });
  await write(root, join(dist, 'build'), folder, spec);
  run(`packing ${spec.name}`, 'npm', ['pack', '--loglevel=error', '--pack-destination', dist], folder);
}
