import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether node_modules holds exactly what package-lock.json asks for. Compares contents, since a checkout changes file
 * times without changing files, and vice versa. npm writes node_modules/.package-lock.json as the last step of an
 * install, so an interrupted install leaves none.
 */
export function installIsCurrent(root) {
  const locked = packagesIn(join(root, 'package-lock.json'));
  const installed = packagesIn(join(root, 'node_modules', '.package-lock.json'));
  if (locked === undefined || installed === undefined) return false;
  for (const [path, entry] of Object.entries(locked)) {
    if (installed[path] === undefined) {
      if (!isOptional(entry)) return false;
    } else if (JSON.stringify(installed[path]) !== JSON.stringify(entry)) return false;
  }
  return Object.keys(installed).every((path) => locked[path] !== undefined && existsSync(join(root, path)));
}

/** Builds for other platforms are locked but not installed. */
function isOptional(entry) {
  return entry.optional === true || entry.devOptional === true || entry.peer === true;
}

/** The packages in node_modules by path, without the root and the workspaces, which are not copies. */
function packagesIn(file) {
  try {
    const { packages } = JSON.parse(readFileSync(file, 'utf8'));
    return Object.fromEntries(Object.entries(packages).filter(([path]) => path.includes('node_modules/')));
  } catch {
    return undefined;
  }
}
