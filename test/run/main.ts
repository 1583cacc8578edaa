// Runs the tests: all of them, or those that the command line chooses (see selection.ts). The very last line is
// `N passed, N failed`; the exit code is 0 only if something ran and nothing failed.
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { seconds } from './board.ts';
import { busySeconds } from './cpu.ts';
import { type GroupEnded, runGroups } from './run-groups.ts';
import { choose, parseRequest } from './selection.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

function report(groups: readonly GroupEnded[], ms: number, busy: number): void {
  process.stdout.write('\nThe groups (wall, and CPU with that of their servers):\n');
  for (const { name, passed, failed, ms: wall, cpu } of groups)
    process.stdout.write(
      `${seconds(wall).padStart(9)} ${seconds(cpu * 1000).padStart(9)}  ${name}: ${passed} passed, ${failed} failed\n`,
    );
  const cores = cpus().length;
  process.stdout.write(`All: ${seconds(ms)}; this machine's ${cores} cores were busy for ${Math.round(busy)} s.\n\n`);
}

async function run(args: readonly string[], signal: AbortSignal): Promise<GroupEnded[]> {
  const request = parseRequest(args);
  const [began, busy] = [performance.now(), busySeconds()];
  const ended = await runGroups(choose(request, root), { ...request, root, signal });
  report(ended, performance.now() - began, busySeconds() - busy);
  return ended;
}

const interrupted = new AbortController();
// vitest ends by the signal, and this process stays to print the last line.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => interrupted.abort());

let [passed, failed] = [0, 0];
try {
  const ended = await run(process.argv.slice(2), interrupted.signal);
  passed = ended.reduce((sum, group) => sum + group.passed, 0);
  failed = ended.reduce((sum, group) => sum + group.failed, 0);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
}
if (interrupted.signal.aborted || passed === 0) failed ||= 1;
process.stdout.write(`${passed} passed, ${failed} failed\n`, () => process.exit(failed === 0 ? 0 : 1));
