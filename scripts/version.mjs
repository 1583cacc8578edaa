// The one version of all packages (docs/releases.md):
//   node scripts/version.mjs 1.2.3           sets it everywhere, and dates the changelog
//   node scripts/version.mjs --check 1.2.3   fails unless packages and changelog have it; without a version: unless
//                                            they agree, and .nvmrc agrees with the pinned Node
//   node scripts/version.mjs --notes 1.2.3   prints the changelog's section about it
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { released, sectionOf } from './changelog.mjs';

const VERSION = /^\d+\.\d+\.\d+(-[0-9a-z.]+)?$/;
const root = fileURLToPath(new URL('..', import.meta.url));
const inRoot = (path) => join(root, path);
const readText = (path) => readFileSync(inRoot(path), 'utf8');
const readJson = (path) => JSON.parse(readText(path));

const { workspaces, version: current, devDependencies } = readJson('package.json');
const manifests = ['package.json', ...workspaces.map((workspace) => `${workspace}/package.json`)];

/** The versions in a package.json: its own, and those of the workspaces that it depends on. */
function versionsIn({ version, dependencies = {}, devDependencies = {} }) {
  const all = Object.entries({ ...dependencies, ...devDependencies });
  return [version, ...all.filter(([name]) => name.startsWith('@wscluster/')).map(([, wanted]) => wanted)];
}

function check(version) {
  const others = manifests.filter((path) => versionsIn(readJson(path)).some((found) => found !== version));
  if (others.length > 0) throw new Error(`not of version ${version}: ${others.join(', ')}`);
  if (!sectionOf(readText('CHANGELOG.md'), version)) throw new Error(`CHANGELOG.md says nothing about ${version}`);
  const node = readText('.nvmrc').trim();
  if (node !== devDependencies.node)
    throw new Error(`.nvmrc names Node ${node}, package.json pins ${devDependencies.node}`);
}

function set(version) {
  const changelog = released(readText('CHANGELOG.md'), version, new Date().toISOString().slice(0, 10));
  for (const path of manifests) {
    const manifest = readJson(path);
    manifest.version = version;
    for (const dependencies of [manifest.dependencies ?? {}, manifest.devDependencies ?? {}])
      for (const name of Object.keys(dependencies)) if (name.startsWith('@wscluster/')) dependencies[name] = version;
    writeFileSync(inRoot(path), `${JSON.stringify(manifest, undefined, 2)}\n`);
  }
  writeFileSync(inRoot('CHANGELOG.md'), changelog);
  const lock = spawnSync('npm', ['install', '--package-lock-only', '--ignore-scripts'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (lock.status !== 0) throw new Error('npm could not write package-lock.json: see above');
}

const [first = '', second = current] = process.argv.slice(2);
const [command, version] = first.startsWith('--') ? [first, second] : ['--set', first];
try {
  if (!VERSION.test(version)) throw new Error(`a version is 1.2.3 or 1.2.3-rc.1, not "${version}"`);
  if (command === '--set') set(version);
  else if (command === '--check') check(version);
  else if (command === '--notes') process.stdout.write(`${sectionOf(readText('CHANGELOG.md'), version) ?? ''}\n`);
  else throw new Error(`unknown option ${command}; known are --check and --notes`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
