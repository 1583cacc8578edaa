import { fileURLToPath } from 'node:url';
import type { Command } from '@wscluster/testbed';
import type { RunningProxy } from './proxy.ts';

const COLLECTOR = fileURLToPath(new URL('./collect-garbage.mjs', import.meta.url));

/** Runs a script in our Node, as images do: without options, unless it has to collect garbage when told. */
export function nodeCommand(collects: boolean, script: string, ...args: readonly string[]): Command {
  const flags = collects ? ['--expose-gc', `--import=${COLLECTOR}`] : [];
  return [process.execPath, ...flags, script, ...args];
}

export function collecting(proxy: RunningProxy): RunningProxy {
  return { ...proxy, collect: () => process.kill(proxy.pid, 'SIGUSR2') };
}
