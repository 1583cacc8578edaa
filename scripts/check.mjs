// Everything that CI checks besides the tests: types, lint (with the import rules), format, the width of comments,
// versions, the workflows of GitHub Actions, and unused code. Runs all checks, even if one fails.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const tool = (...path) => join(root, 'node_modules', ...path);

const checks = [
  { name: 'types', command: [tool('typescript', 'bin', 'tsc'), '-p', '.'], advice: 'see the messages above' },
  {
    name: 'types of the dashboard',
    command: [tool('typescript', 'bin', 'tsc'), '-p', 'dashboard'],
    advice: 'see the messages above',
  },
  {
    name: 'lint and format',
    command: [tool('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings', '.'],
    advice: 'npm run format fixes what can be fixed automatically',
  },
  {
    name: 'width of comments',
    command: [join(root, 'scripts', 'check-comments.mjs')],
    advice: 'break the lines above',
  },
  {
    name: 'versions',
    command: [join(root, 'scripts', 'version.mjs'), '--check'],
    advice: 'docs/releases.md says how a version is set',
  },
  {
    name: 'workflows',
    command: [join(root, 'scripts', 'check-workflows.mjs')],
    advice: 'see the messages above',
  },
  {
    name: 'unused files, exports and dependencies',
    command: [tool('knip', 'bin', 'knip.js'), '--no-progress', '--treat-config-hints-as-errors'],
    advice: 'delete what is unused; declare entry points that knip cannot see in knip.jsonc',
  },
];

const failed = checks.filter(({ name, command }) => {
  process.stdout.write(`--- ${name}\n`);
  return spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' }).status !== 0;
});

for (const check of checks)
  process.stdout.write(failed.includes(check) ? `FAILED  ${check.name}: ${check.advice}\n` : `ok      ${check.name}\n`);
process.exit(failed.length === 0 ? 0 : 1);
