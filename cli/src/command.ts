import type { ExitCode } from './exit-codes.ts';

/** One command of `wscluster`: its help, and what it does. */
export interface Command {
  readonly name: string;
  /** Its purpose, for one line of the list of commands. */
  readonly summary: string;
  /**
   * Runs with the words after its name. A command that becomes a process of its own ends by itself and never resolves.
   */
  run(args: readonly string[]): Promise<ExitCode>;
}
