import { fileURLToPath } from 'node:url';
import type { Command } from '@wscluster/testbed';

/** What is loaded into a proxy in Node before its own code, and works on SIGUSR2. */
export interface Preload {
  readonly script: string;
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export const COLLECTS_GARBAGE: Preload = { script: file('./collect-garbage.mjs'), flags: ['--expose-gc'], env: {} };

/** Each signal appends a line to the file: `{"p99": ms}`, the event loop's delay since the signal before. */
export function watchesLoop(report: string): Preload {
  return { script: file('./watch-loop.mjs'), flags: [], env: { BENCH_LOOP_REPORT: report } };
}

/** Runs a script in our Node, as images do: without options, unless something is loaded before. */
export function nodeCommand(preload: Preload | undefined, script: string, ...args: readonly string[]): Command {
  const flags = preload === undefined ? [] : [...preload.flags, `--import=${preload.script}`];
  return [process.execPath, ...flags, script, ...args];
}

function file(name: string): string {
  return fileURLToPath(new URL(name, import.meta.url));
}
