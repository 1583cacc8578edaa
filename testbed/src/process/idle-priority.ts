import { findProgram } from './find-program.ts';

/**
 * A command, with its arguments, that gets the processor only while nothing else wants it, since tests run beside it;
 * where a system has no such priority, the lowest one.
 */
export function atIdlePriority(...command: readonly string[]): [program: string, args: string[]] {
  const chrt = process.platform === 'linux' ? findProgram('chrt') : undefined;
  return chrt === undefined ? ['nice', ['-n', '19', ...command]] : [chrt, ['--idle', '0', ...command]];
}
