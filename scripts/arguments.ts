import { type ParseArgsConfig, parseArgs } from 'node:util';

/**
 * Reads the arguments of a program of this repository. With `--help` the usage is printed, and the process ends with 0.
 * What is not allowed ends it as `refuse` does. `usage`: its first line has the forms, the others explain them.
 */
export function readArguments<C extends ParseArgsConfig>(usage: string, config: C): ReturnType<typeof parseArgs<C>> {
  if (process.argv.slice(2).some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(usage);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    // Its further sentences are about words that begin with a dash.
    const [first = ''] = (error as Error).message.split(/\.(?: |\n|$)|\n/);
    return refuse(usage, first);
  }
}

/** A number of at least 0 that an option has. `whole`: without a fraction. */
export function numberOption(usage: string, option: string, text: string, { whole = true } = {}): number {
  const number = Number(text);
  const isAllowed =
    text.trim() !== '' && number >= 0 && (whole ? Number.isSafeInteger(number) : Number.isFinite(number));
  return isAllowed
    ? number
    : refuse(usage, `${option} is ${whole ? 'an integer' : 'a number'} from 0 on, not "${text}"`);
}

/** Ends the process with 2, as for wrong usage, and one line: what is wrong, and what is allowed. */
export function refuse(usage: string, what: string): never {
  process.stderr.write(`${what}; ${usage.slice(0, usage.indexOf('\n'))}\n`);
  process.exit(2);
}
