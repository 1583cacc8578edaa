import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { report } from '../../chaos/report.ts';
import { runChaos } from '../../chaos/run.ts';
import { processesNaming } from './support/processes.ts';
import { Command, root } from './support/run.ts';
import { until } from './support/wait.ts';

/**
 * Its first round drains a node, whose clients migrate; its second one kills a node and cuts the spec in the state
 * folder.
 */
const SEED = 2047;

test('random faults break no promise: owners, moves, migrations, pace, order, revisions', async () => {
  const result = await runChaos({ seed: SEED, milliseconds: 15_000, clients: 60 });
  expect(result.violations, report(result)).toEqual([]);
  const sessions = result.history.clients.flatMap((client) => client.sessions);
  expect(sessions.flatMap(({ arrivals }) => arrivals).length, report(result)).toBeGreaterThan(0);
});

function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}

describe('a run that is interrupted ends well: exit code 130, and nothing left', () => {
  let directory: string;
  let run: Command;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wsc-chaos-'));
    // By this folder, in which its temporary files are, all its processes are known.
    run = new Command(
      process.execPath,
      ['scripts/run.mjs', 'chaos/main.ts', '--minutes', '60', '--clients', '10', '--only', 'node paused'],
      { TMPDIR: directory },
    );
  });
  afterEach(() => {
    run.signal('SIGKILL');
    for (const { pid } of processesNaming(directory)) endNow(pid);
    rmSync(directory, { recursive: true });
  });

  const ofProgram = (program: string) => processesNaming(directory).filter(({ command }) => command.includes(program));
  /** The run's bundles. */
  const programs = () => {
    const [main] = ofProgram('chaos/main.ts').filter(({ command }) => !command.includes('scripts/run.mjs'));
    return join(root, 'node_modules', '.cache', `chaos-${main?.pid}`);
  };
  // Its state, behind the name.
  const isPaused = ({ pid }: { pid: number }) => / \(.*\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const endsWell = async (bundles: string) => {
    await until('the run has ended', () => run.child.exitCode !== null || run.child.signalCode !== null, 30_000);
    expect(await run.ended).toMatchObject({ code: 130, stderr: '' });
    expect(run.stdout).toContain('ends once the faults under way are healed');
    expect(processesNaming(directory)).toEqual([]);
    // Node keeps what it has compiled.
    expect(readdirSync(directory).filter((name) => name !== 'node-compile-cache')).toEqual([]);
    expect(existsSync(bundles)).toBe(false);
  };

  test.each([
    ['while its processes start', 'a gateway runs', () => ofProgram('gateway/src/main.ts').length > 0],
    ['while a node is paused', 'a node is paused', () => ofProgram('chaos/node/main.ts').some(isPaused)],
  ])('by Ctrl-C, which also reaches its gateways and its controller, %s', async (_, what, state) => {
    await until(what, state, 120_000);
    const bundles = programs();
    expect(existsSync(bundles)).toBe(true);
    run.signal('SIGINT');
    await endsWell(bundles);
  });
});
