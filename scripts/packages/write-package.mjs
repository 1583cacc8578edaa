import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, relative } from 'node:path';
import { rewriteImports } from './rewrite-imports.mjs';

/**
 * Writes one package into `folder`: the compiled files of its workspaces, laid out as in the repository, so that
 * programs find each other by the same relative paths. Throws an Error for an import of something that it does not
 * depend on.
 */
export function writePackage(
  root,
  compiled,
  folder,
  { name, description, workspaces, exports, command, files = [], readme },
) {
  const manifests = new Map(
    workspaces.map((workspace) => [workspace, readJson(join(root, workspace, 'package.json'))]),
  );
  const dependencies = dependenciesOf(manifests);
  for (const workspace of workspaces) {
    cpSync(join(compiled, workspace), join(folder, workspace), {
      recursive: true,
      filter: (path) => exports !== undefined || !path.endsWith('.d.ts'), // what is only run needs no types
    });
  }
  for (const path of filesBelow(folder)) {
    const { text, bare } = rewriteImports(readFileSync(path, 'utf8'), relative(folder, path), manifests);
    for (const imported of bare)
      if (!isBuiltin(imported) && !Object.hasOwn(dependencies, packageOf(imported)))
        throw new Error(
          `${name}: ${relative(folder, path)} imports ${imported}, on which none of its workspaces depends`,
        );
    writeFileSync(path, text);
  }
  for (const path of files) cpSync(join(root, path), join(folder, path), { recursive: true });
  cpSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  cpSync(join(root, readme), join(folder, 'README.md'));
  if (command !== undefined) cpSync(join(root, 'scripts/packages/launcher.mjs'), join(folder, 'bin', `${command}.mjs`));
  const { version, license } = readJson(join(root, 'package.json'));
  const manifest = {
    ...{ name, version, description, license, type: 'module' },
    ...repository(),
    engines: { node: '>=24' },
    ...(exports && { exports: { types: `./${exports}.d.ts`, default: `./${exports}.js` } }),
    ...(command && { bin: { [command]: `bin/${command}.mjs` } }),
    // A library shares its user's versions; a program runs with the versions that it was tested with.
    dependencies: exports === undefined ? dependencies : widened(dependencies),
    publishConfig: { access: 'public' },
  };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
}

function dependenciesOf(manifests) {
  const all = [...manifests.values()].flatMap((manifest) => Object.entries(manifest.dependencies ?? {}));
  const foreign = all.filter(([name]) => !name.startsWith('@wscluster/'));
  return Object.fromEntries(foreign.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function widened(dependencies) {
  return Object.fromEntries(Object.entries(dependencies).map(([name, version]) => [name, `^${version}`]));
}

function packageOf(imported) {
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

function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
