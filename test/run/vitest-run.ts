import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cpuSecondsOf } from './cpu.ts';
import type { VitestEvent } from './events.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const vitest = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const compileCache = fileURLToPath(new URL('../../node_modules/.cache/node-compile', import.meta.url));
const reporter = fileURLToPath(new URL('./reporter.ts', import.meta.url));

const CPU_LOOK_MS = 200;

export interface VitestRun {
  readonly project: string;
  /** Files to run, from the root of the repository. */
  readonly files: readonly string[];
  /** Further arguments of vitest. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly onEvent: (event: VitestEvent) => void;
  /** Ends vitest by SIGINT, which lets it run the hooks that clean up. */
  readonly signal: AbortSignal;
}

export interface VitestEnded {
  readonly exitCode: number;
  /** All that vitest has printed. */
  readonly output: string;
  /** Seconds of all its processes, give or take those of its last moment. */
  readonly cpu: number;
}

/** Runs files of one project in a vitest of their own. */
export async function runVitest({ project, files, args, env, onEvent, signal }: VitestRun): Promise<VitestEnded> {
  const flags = [`--project=${project}`, `--reporter=${reporter}`, '--reporter=default', '--silent=passed-only'];
  const child = spawn(process.execPath, [vitest, 'run', ...flags, ...args, ...files], {
    cwd: root,
    // Hundreds of processes are started: each reads its code stripped of types and compiled.
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env, ...env, NODE_OPTIONS: nodeOptions(env.NODE_OPTIONS) },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  child.on('message', (event) => onEvent(event as VitestEvent));
  let cpu = 0;
  const looks = setInterval(() => {
    cpu = cpuSecondsOf(child.pid ?? 0) ?? cpu;
  }, CPU_LOOK_MS);
  const interrupt = () => child.kill('SIGINT');
  signal.addEventListener('abort', interrupt);
  await once(child, 'close');
  signal.removeEventListener('abort', interrupt);
  clearInterval(looks);
  return { exitCode: child.exitCode ?? 1, output, cpu };
}

/** Those of this process and those of the group. */
function nodeOptions(ofGroup = ''): string {
  return `${process.env.NODE_OPTIONS ?? ''} ${ofGroup}`.trim();
}
