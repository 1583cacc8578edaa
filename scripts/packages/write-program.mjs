import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, relative } from 'node:path';
import { dependenciesOf, manifestsOf, packageOf, writeAbout } from './about.mjs';
import { rewriteImports } from './rewrite-imports.mjs';

/**
 * Writes a package that is run: the compiled files of its workspaces, laid out as in the repository, so that programs
 * find each other by the same relative paths. Throws an Error for an import of something that it does not depend on.
 */
export function writeProgram(root, compiled, folder, { workspaces, command, files, ...about }) {
  const manifests = manifestsOf(root, workspaces);
  const dependencies = dependenciesOf(manifests);
  for (const workspace of workspaces) {
    const to = join(folder, workspace);
    cpSync(join(compiled, workspace), to, { recursive: true, filter: (path) => !path.endsWith('.d.ts') });
  }
  for (const path of filesBelow(folder)) {
    const { text, bare } = rewriteImports(readFileSync(path, 'utf8'), relative(folder, path), manifests);
    for (const imported of bare)
      if (!isBuiltin(imported) && !Object.hasOwn(dependencies, packageOf(imported)))
        throw new Error(
          `${about.name}: ${relative(folder, path)} imports ${imported}, on which none of its workspaces depends`,
        );
    writeFileSync(path, text);
  }
  for (const path of files) cpSync(join(root, path), join(folder, path), { recursive: true });
  cpSync(join(root, 'scripts/packages/launcher.mjs'), join(folder, 'bin', `${command}.mjs`));
  // It runs with the versions that it was tested with.
  writeAbout(root, folder, about, { bin: { [command]: `bin/${command}.mjs` }, dependencies });
}

function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}
