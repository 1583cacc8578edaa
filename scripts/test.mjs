// Runs the tests: `npm test` all of them, `npm run test:unit` (--unit) those beside the code. Further arguments go to
// vitest. The very last line is `N passed, N failed`; the exit code is 0 only if something ran and nothing failed.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provideServers } from '@wscluster/testbed';
import { provideTools } from './test-tools.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const args = process.argv.slice(2);
const unitOnly = args.includes('--unit');
const vitestArgs = args.filter((arg) => arg !== '--unit');

function finish(passed, failed, exitCode) {
  process.stdout.write(`${passed} passed, ${failed} failed\n`, () => process.exit(exitCode));
}

/** What the real clients and servers of the whole tests need; undefined after saying what is missing. */
async function environment() {
  if (unitOnly) return process.env;
  try {
    const tools = await provideTools();
    await provideServers();
    const built = spawnSync(process.execPath, [join(root, 'scripts', 'dashboard.mjs')], { stdio: 'inherit' });
    if (built.status !== 0) throw new Error('the dashboard cannot be built: see the message above');
    return { ...process.env, ...tools };
  } catch (error) {
    process.stderr.write(`The whole tests cannot run here: ${error.message}\n(npm run test:unit needs none of it.)\n`);
    return undefined;
  }
}

async function runVitest(env) {
  const folder = mkdtempSync(join(tmpdir(), 'wscluster-test-'));
  const countsFile = join(folder, 'counts.json');
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', `--reporter=${join(root, 'scripts', 'count-reporter.mjs')}`];
  const projects = unitOnly ? ['--project=unit'] : [];
  const child = spawn(process.execPath, [vitest, 'run', ...projects, ...reporters, ...vitestArgs], {
    cwd: root,
    env: { ...env, WSCLUSTER_TEST_COUNTS: countsFile },
    stdio: 'inherit',
  });
  // vitest ends by the signal, and this process stays to print the last line.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  const [code] = await once(child, 'exit');
  const counts = readCounts(countsFile);
  rmSync(folder, { recursive: true, force: true });
  return { exitCode: code ?? 1, counts };
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined; // vitest died before it could count
  }
}

const env = await environment();
if (env === undefined) finish(0, 1, 1);
else {
  const { exitCode, counts } = await runVitest(env);
  const passed = counts?.passed ?? 0;
  // Anything else that vitest objects to (an unhandled error, its own death) is a failure too, and counts as one.
  const failed = (counts?.failed ?? 0) || (exitCode === 0 && passed > 0 ? 0 : 1);
  finish(passed, failed, failed === 0 ? 0 : exitCode || 1);
}
