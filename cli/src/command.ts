import type { ExitCode } from './exit-codes.ts';

/** One command of `wscluster`: what the help says about it, and what it does. */
export interface Command {
  readonly name: string;
  /** What it is for, in a line of the list of commands. */
  readonly summary: string;
  /** Runs with the words after its name. A command that is a process of its own ends by itself and never resolves. */
  run(args: readonly string[]): Promise<ExitCode>;
}
