/** An amount in words: `1 client`, `2 clients`, `1 node is`. `many`: the plural, if it is not `one` with an s. */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
