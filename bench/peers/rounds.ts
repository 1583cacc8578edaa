import { type Figure, figuresOf, type Sample } from './figure.ts';
import type { ProxyName } from './proxies/proxy.ts';

/**
 * Turns of all proxies, round after round, each round beginning with another one: whatever else the machine does meets
 * all of them.
 */
export async function alternate(
  name: string,
  proxies: readonly ProxyName[],
  rounds: number,
  turn: (proxy: ProxyName) => Promise<Sample>,
): Promise<Figure[]> {
  const samples = new Map<ProxyName, Sample[]>(proxies.map((proxy) => [proxy, []]));
  for (let round = 0; round < rounds; round++) {
    process.stderr.write(`  ${name}, round ${round + 1} of ${rounds}\n`);
    const first = round % proxies.length;
    for (const proxy of [...proxies.slice(first), ...proxies.slice(0, first)])
      samples.get(proxy)?.push(await turn(proxy));
  }
  return proxies.flatMap((proxy) => figuresOf(name, proxy, samples.get(proxy) ?? []));
}
