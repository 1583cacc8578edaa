import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes what every package has: package.json with the repository's version and licence, the licence and a README.
 * `fields` are the package's own.
 */
export function writeAbout(root, folder, { name, description, node, readme }, fields) {
  const { version, license } = readJson(join(root, 'package.json'));
  const manifest = {
    ...{ name, version, description, license, type: 'module' },
    ...repository(),
    engines: { node },
    ...fields,
    publishConfig: { access: 'public' },
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  cpSync(join(root, readme), join(folder, 'README.md'));
}

/** The package.json files of workspaces, by folder. */
export function manifestsOf(root, workspaces) {
  return new Map(workspaces.map((workspace) => [workspace, readJson(join(root, workspace, 'package.json'))]));
}

/** What workspaces depend on beside each other, in the order of the names. */
export function dependenciesOf(manifests) {
  const all = [...manifests.values()].flatMap((manifest) => Object.entries(manifest.dependencies ?? {}));
  const foreign = all.filter(([name]) => !name.startsWith('@wscluster/'));
  return Object.fromEntries(foreign.sort(([a], [b]) => (a < b ? -1 : 1)));
}

export function packageOf(imported) {
  return imported
    .split('/')
    .slice(0, imported.startsWith('@') ? 2 : 1)
    .join('/');
}

/** Known where a workflow builds a release; npm's provenance compares it with the place of the build. */
function repository() {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: path } = process.env;
  if (server === undefined || path === undefined) return {};
  return { repository: { type: 'git', url: `git+${server}/${path}.git` } };
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
