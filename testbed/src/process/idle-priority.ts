/** A command, with its arguments, that gets the processor only while nothing else wants it; tests run beside it. */
export function atIdlePriority(...command: readonly string[]): [program: string, args: string[]] {
  return process.platform === 'linux' ? ['chrt', ['--idle', '0', ...command]] : ['nice', ['-n', '19', ...command]];
}
