/** One line for a person who waits. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
