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

Each recipe ran on three nodes behind two gateways on one machine, with its server from its own package. Each of 12
rooms had two clients, one on each gateway, which talked all the time. The test added a node, drained the busiest node,
and killed the busiest node with SIGKILL. Each time

- exactly the clients whose owner had changed moved;
- all others noticed nothing: none of their connections ended, and none of their messages was lost or came twice;
- afterwards all clients were on their owners, and received each other's messages.

The table shows what the moved clients saw, in the words of their libraries. If a killed node dies slowly, as on a busy
machine, some of its clients see code 1006 instead ([ADR 20](../adr/0020-a-lost-node-is-asked.md)). \`npm run docs:recipes\`
generates this page.

| recipe | a node was added | a node drained | a node was killed | all were back within | messages sent during the move |
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
