/** An amount in words: `1 client`, `2,000 clients`. */
export function amount(count: number, one: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : `${one}s`}`;
}
