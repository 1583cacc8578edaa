import { WsClusterError } from '@wscluster/ring';

/** A change that the demo makes to the cluster. */
export type Change = 'add' | 'drain' | 'kill';

/** One step of a script: a pause in seconds, or a change. */
export type Step = { readonly wait: number } | { readonly change: Change };

const CHANGES: ReadonlySet<string> = new Set(['add', 'drain', 'kill'] satisfies Change[]);

/** Reads `wait 2; add; wait 3; drain`. Throws CONFIG_INVALID naming the step that is not understood. */
export function parseScript(text: string): Step[] {
  return text
    .split(';')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      if (CHANGES.has(part)) return { change: part as Change };
      const seconds = /^wait (\d+(?:\.\d+)?)$/.exec(part)?.[1];
      if (seconds !== undefined) return { wait: Number(seconds) };
      throw new WsClusterError(
        'CONFIG_INVALID',
        `--script: "${part}" is no step; steps are add, drain, kill and wait SECONDS, separated by semicolons`,
        { field: 'script' },
      );
    });
}
