/** This process does nothing for so many milliseconds, as if it had been stopped. */
export function standStill(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}
