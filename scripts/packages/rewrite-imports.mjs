import { dirname, posix } from 'node:path';

/**
 * The module of an import or export (on one line, as the compiler writes it) or of an import(...), and the text before
 * it.
 */
const IMPORTED = /(^(?:import|export)\b.*?\bfrom |^import |\bimport\()(['"])([^'"]+)\2/gm;

/**
 * The imports of a compiled file inside a package: workspaces by relative paths instead of names, declarations by
 * `.js`. `path` is the file's path; `manifests` are the package.json files of the workspaces by folder. Returns the new
 * text and the imports that Node has to resolve.
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
