/** One line for people who wait. */
export function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}
