// Writes docs/recipes/results.md: runs the recipes' tests, each of which writes the row of its recipe. The tests
// themselves fail when the page says something else than what they have seen.
import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const rows = mkdtempSync(join(tmpdir(), 'wsc-recipes-'));

function page() {
  const table = globSync('*.md', { cwd: rows }).map((file) => readFileSync(join(rows, file), 'utf8'));
  return `# What clients see

Each recipe ran on three nodes behind two gateways on one machine, its server from its own package. In each of 12 rooms there were
two clients, one at each gateway, who talked all the time. A node was added, the busiest one drained, and the busiest one killed
with SIGKILL. Each time

- exactly the clients moved whose owner had changed;
- all others noticed nothing: no connection of theirs ended, and nothing that they said was lost or came twice;
- afterwards all were where they belonged, and heard each other.

This is what those saw who moved, in the words of their client. If a killed node dies slowly, as on a busy
machine, some of its clients see code 1006 instead ([ADR 20](../adr/0020-a-lost-node-is-asked.md)). \`npm run docs:recipes\`
generates this page.

| recipe | a node was added | a node drained | a node was killed | all were back within | what is said at that moment |
|---|---|---|---|---|---|
${table.sort((a, b) => a.localeCompare(b)).join('')}`;
}

try {
  const test = [join(root, 'test', 'run', 'main.ts'), '--group=recipes', ...process.argv.slice(2)];
  const env = { ...process.env, WSCLUSTER_RECIPES_RESULTS: rows };
  const { status } = spawnSync(process.execPath, test, { cwd: root, stdio: 'inherit', env });
  if (status === 0) writeFileSync(join(root, 'docs', 'recipes', 'results.md'), page());
  process.exitCode = status ?? 1;
} finally {
  rmSync(rows, { recursive: true, force: true });
}
