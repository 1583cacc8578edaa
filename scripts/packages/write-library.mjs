import { readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { dependenciesOf, manifestsOf, packageOf, writeAbout } from './about.mjs';
import { rewriteImports } from './rewrite-imports.mjs';

/** An import or export of a declaration. */
const DECLARED = /\bfrom '([^']+)'/g;

/**
 * Writes a package that is imported: only what its `entry` needs of our workspaces, in few modules, and its
 * declarations. What is imported from elsewhere is a dependency, or an optional one of the user's (`optional`), in a
 * range, so that it shares its user's versions. Throws an Error for an import of something that no workspace depends
 * on, and if the declarations need more than the entry's own workspace.
 */
export async function writeLibrary(root, compiled, folder, { workspaces, entry, optional, ...about }) {
  const known = dependenciesOf(manifestsOf(root, workspaces));
  const imported = await bundle(root, folder, entry, Object.keys(known));
  const missing = imported.filter((name) => !Object.hasOwn(known, name));
  if (missing.length > 0) throw new Error(`${about.name} imports ${missing}, on which none of its workspaces depends`);
  writeDeclarations(join(compiled, dirname(entry)), folder, 'index.d.ts');
  const range = (names) => Object.fromEntries(names.sort().map((name) => [name, `^${known[name]}`]));
  writeAbout(root, folder, about, {
    exports: { types: './index.d.ts', default: './index.js' },
    sideEffects: false,
    dependencies: range(imported.filter((name) => !optional.includes(name))),
    peerDependencies: range(imported.filter((name) => optional.includes(name))),
    peerDependenciesMeta: Object.fromEntries(optional.map((name) => [name, { optional: true }])),
  });
}

/** Returns the names of the packages that the modules import. */
async function bundle(root, folder, entry, external) {
  const build = await rolldown({
    input: { index: join(root, entry) },
    cwd: root,
    platform: 'node',
    external: (id) => external.includes(packageOf(id)),
    // Our modules only define things: what nobody uses of them is left out.
    treeshake: { moduleSideEffects: false },
  });
  const chunkFileNames = ({ isDynamicEntry }) => (isDynamicEntry ? '[name].js' : 'shared.js');
  const names = { entryFileNames: '[name].js', chunkFileNames };
  const { output } = await build.write({ dir: folder, format: 'esm', ...names });
  await build.close();
  const imports = output.flatMap(({ code, fileName }) => rewriteImports(code, fileName, new Map()).bare);
  return [...new Set(imports.filter((name) => !name.startsWith('.') && !isBuiltin(name)).map(packageOf))];
}

/** Copies a declaration and those that it names. */
function writeDeclarations(compiled, folder, file) {
  const text = readFileSync(join(compiled, file), 'utf8').replaceAll(/(\bfrom '.*?)\.ts';/g, "$1.js';");
  writeFileSync(join(folder, file), text);
  for (const [, from] of text.matchAll(DECLARED)) {
    if (isBuiltin(from)) continue;
    if (!from.startsWith('./')) throw new Error(`${file} names ${from}, of which the package has no declarations`);
    writeDeclarations(compiled, folder, from.replace(/^\.\/(.*)\.js$/, '$1.d.ts'));
  }
}
