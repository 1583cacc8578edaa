import { inParallel } from '@wscluster/service';
import { Board } from './board.ts';
import type { VitestEvent } from './events.ts';
import { withLinesCut } from './failure.ts';
import { type Lane, STAGES } from './groups.ts';
import { Needs } from './needs.ts';
import type { Chosen } from './selection.ts';
import { hasPassed, markPassed, passedMark } from './unchanged.ts';
import { runVitest } from './vitest-run.ts';

export interface RunOptions {
  /** Passed on to vitest. */
  readonly vitestArgs: readonly string[];
  /** Run groups that have passed with the same contents too. */
  readonly unchangedToo: boolean;
  readonly root: string;
  readonly signal: AbortSignal;
}

export interface GroupEnded {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  readonly ms: number;
  /** Seconds. */
  readonly cpu: number;
}

const MOST_LANES = 4;
/**
 * Processor time of a unit test. When it was half as much again, four lanes were fine with 0.02 s on average, and too
 * many with 0.034 s.
 */
const FAST_SECONDS = 0.018;

/** Provides what the groups need in the background, while those run that need nothing or have it already. */
export async function runGroups(groups: readonly Chosen[], options: RunOptions): Promise<GroupEnded[]> {
  const { root, unchangedToo, signal } = options;
  const mark = ({ name, unchanged }: Chosen) =>
    unchanged === undefined ? undefined : passedMark(name, unchanged, root);
  const isDue = (group: Chosen) => {
    const file = mark(group);
    return unchangedToo || file === undefined || !hasPassed(file);
  };
  const due = groups.filter(isDue);
  const needs = new Needs(new Set(due.flatMap((group) => group.needs)));
  const count = due.reduce((sum, { files }) => sum + files.length, 0);
  const board = new Board(count, () => needs.pending);
  for (const { name } of groups.filter((group) => !due.includes(group)))
    board.say(`same  ${name} has passed here with these very files; --all runs it all the same`);

  const ended: GroupEnded[] = [];
  const runLane = async (lane: Lane) => {
    for (const group of due.filter((one) => one.lane === lane)) {
      if (signal.aborted) return;
      const result = await runGroup(group, options, needs, board);
      const file = mark(group);
      if (result.failed === 0 && file !== undefined) markPassed(file);
      ended.push(result);
    }
  };
  for (const lanes of STAGES) await inParallel(lanesAtATime(ended), lanes, runLane);
  board.close();
  return ended;
}

/**
 * A machine that is too slow for all lanes of a stage takes two at a time: with more, each test gets so little of the
 * processor that deadlines pass, and the whole run hardly ends sooner.
 */
function lanesAtATime(ended: readonly GroupEnded[]): number {
  const unit = ended.find(({ name }) => name === 'unit');
  return unit !== undefined && unit.cpu / unit.passed < FAST_SECONDS ? MOST_LANES : 2;
}

async function runGroup(group: Chosen, options: RunOptions, needs: Needs, board: Board): Promise<GroupEnded> {
  const { name, files } = group;
  const env = await needs.of(group.needs).catch((error: Error) => {
    board.failed(`the group ${name} cannot run here: ${error.message}`);
    return undefined;
  });
  if (env === undefined) return { name, passed: 0, failed: 1, ms: 0, cpu: 0 };
  let [passed, failed] = [0, 0];
  const onEvent = (event: VitestEvent) => {
    if (event.say === 'began') return board.began(event.file);
    failed += event.failures.length;
    if (event.say === 'over')
      return event.failures.forEach((failure) => {
        board.failed(`${name}, outside of any test: ${failure}`);
      });
    passed += event.passed;
    board.ended(event);
  };
  const began = performance.now();
  const { vitestArgs: args, signal } = options;
  const { exitCode, output, cpu } = await runVitest({ project: name, files, args, env, onEvent, signal });
  // Anything else that vitest objects to (its own death) is a failure too, and counts as one.
  if (exitCode !== 0 && failed === 0) {
    failed = 1;
    board.failed(`${name}: vitest ended with exit code ${exitCode}`);
  }
  if (failed > 0) process.stdout.write(`\n--- ${name}\n${withLinesCut(output)}\n`);
  return { name, passed, failed, ms: performance.now() - began, cpu };
}
