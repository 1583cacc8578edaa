import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../../e2e/support/run.ts';
import { required } from './required.ts';

/** The names of all recipes: those of the folders below docs/recipes. */
export const RECIPES = readdirSync(join(root, 'docs', 'recipes'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

const REDIS_URL = 'redis://127.0.0.1:6379';

/**
 * A recipe as its reader has it: a copy of its folder in which its packages and @wscluster/node are installed, or its
 * program is compiled. `redisUrl` is that of another Redis than the one in its cluster file.
 */
export function recipeFolder(name: string, redisUrl = REDIS_URL): string {
  const folder = mkdtempSync(join(tmpdir(), 'wsc-recipe-'));
  cpSync(join(root, 'docs', 'recipes', name), folder, { recursive: true });
  const file = join(folder, 'cluster.yaml');
  writeFileSync(file, readFileSync(file, 'utf8').replace(REDIS_URL, redisUrl));
  const packages = required('WSCLUSTER_TEST_NODE_MODULES');
  mkdirSync(join(folder, 'node_modules', '@wscluster'), { recursive: true });
  for (const one of readdirSync(packages)) symlinkSync(join(packages, one), join(folder, 'node_modules', one));
  symlinkSync(join(root, 'node'), join(folder, 'node_modules', '@wscluster', 'node'));
  symlinkSync(required('WSCLUSTER_TEST_VENV'), join(folder, '.venv'));
  if (existsSync(join(folder, 'go.mod'))) symlinkSync(required('WSCLUSTER_TEST_GO_SERVER'), join(folder, 'chat'));
  return folder;
}
