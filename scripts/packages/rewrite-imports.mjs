import { dirname, posix } from 'node:path';

/**
 * What an import or export (on one line, as the compiler writes it) or an import(...) names, and what stands before it.
 */
const IMPORTED = /(^(?:import|export)\b.*?\bfrom |^import |\bimport\()(['"])([^'"]+)\2/gm;

/**
 * What a compiled file imports, as it is found inside one package: workspaces by relative paths instead of by their
 * names, declarations by `.js`. `path` is the file's, `manifests` are the package.json of the workspaces by folder.
 * Returns the new text and the imports that are left to Node.
 */
export function rewriteImports(text, path, manifests) {
  const bare = [];
  const rewritten = text.replace(IMPORTED, (whole, before, quote, imported) => {
    const to = inside(imported, path, manifests);
    if (to === undefined) bare.push(imported);
    return to === undefined ? whole : `${before}${quote}${to}${quote}`;
  });
  return { text: rewritten, bare };
}

function inside(imported, path, manifests) {
  if (imported.startsWith('.')) return imported.replace(/\.ts$/, '.js');
  for (const [workspace, { name, exports }] of manifests) {
    if (imported !== name && !imported.startsWith(`${name}/`)) continue;
    const subpath = `.${imported.slice(name.length)}`;
    const file = typeof exports === 'string' && subpath === '.' ? exports : exports?.[subpath];
    if (file === undefined) throw new Error(`${path} imports ${imported}, which ${workspace} does not export`);
    const to = posix.relative(dirname(path), posix.join(workspace, file.replace(/\.ts$/, '.js')));
    return to.startsWith('.') ? to : `./${to}`;
  }
  return undefined;
}
