import { mainProgram, type ProgramName } from '@wscluster/service';
import type { Command } from './command.ts';
import type { ExitCode } from './exit-codes.ts';

export interface ProcessCommandSpec {
  readonly name: string;
  readonly summary: string;
  /** The text above the list of options in the help. */
  readonly help: string;
  readonly program: ProgramName;
}

/**
 * A command that becomes one of the processes: the package's own main program takes over, with its options, signals and
 * exit codes, so that the process is the same however it was started.
 */
export function processCommand({ name, summary, help, program }: ProcessCommandSpec): Command {
  return {
    name,
    summary,
    async run(args) {
      if (args.includes('--help') || args.includes('-h')) process.stdout.write(`${help}\n\n`);
      const file = mainProgram(program);
      process.argv.splice(1, process.argv.length, file, ...args);
      await import(file);
      return new Promise<ExitCode>(() => {});
    },
  };
}
