// Builds the dashboard's page (dashboard/dist), unless its sources are unchanged.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'dashboard');
const dist = join(folder, 'dist');
/** Digest of the sources that dist was built from. It is inside dist, so it is removed with it. */
const stamp = join(dist, '.sources');

function digestOfSources() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  for (const part of ['src', 'public', 'index.html', 'package.json', 'vite.config.mjs'])
    hashTree(hash, join(folder, part));
  return hash.digest('hex');
}

function hashTree(hash, path) {
  const children =
    path.endsWith('src') || path.endsWith('public')
      ? readdirSync(path, { recursive: true, withFileTypes: true })
      : undefined;
  if (children === undefined) return hash.update(readFileSync(path));
  const files = children.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  for (const file of files.sort()) hash.update(file.slice(folder.length)).update(readFileSync(file));
}

/** Replaces it with `aside` atomically. If another process does the same at that moment, its build is just as good. */
function replace(folder, aside) {
  rmSync(folder, { recursive: true, force: true });
  try {
    renameSync(aside, folder);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    rmSync(aside, { recursive: true });
  }
}

const digest = digestOfSources();
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== digest) {
  process.stdout.write('building the dashboard ...\n');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  // Built aside: other processes may be building too, or serving the present page.
  const aside = `${dist}.${process.pid}`;
  const args = [vite, 'build', '--logLevel', 'warn', '--outDir', aside];
  const built = spawnSync(process.execPath, args, { cwd: folder, stdio: 'inherit' });
  if (built.status !== 0) process.exit(built.status ?? 1);
  writeFileSync(join(aside, '.sources'), digest);
  replace(dist, aside);
}
