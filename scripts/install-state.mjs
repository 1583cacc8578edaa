import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Whether node_modules holds exactly what package-lock.json asks for. Compares contents, since a checkout changes file
 * times without changing files, and the other way round. npm writes node_modules/.package-lock.json as the last
 * step of an install, so an interrupted one leaves none.
 */
export function installIsCurrent(root) {
  const locked = packagesIn(join(root, 'package-lock.json'));
  const installed = packagesIn(join(root, 'node_modules', '.package-lock.json'));
  if (locked === undefined || installed === undefined) return false;
  // The entry '' is the root itself, which npm leaves out of the installed list.
  for (const [path, entry] of Object.entries(locked)) {
    if (path === '') continue;
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

function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
}
