import type { History, Violation } from '../history.ts';

/**
 * No source names a lower generation than it did before; and once nothing is broken, nobody names a lower one than
 * anybody did before. What the store alone had and has lost is lost.
 */
export function generationsRise({ generations }: Pick<History, 'generations'>): Violation[] {
  const last = new Map<string, number>();
  let highest = 0;
  return generations.flatMap(({ at, source, generation, settled, isAll = false }) => {
    if (isAll) {
      last.clear();
      highest = generation;
      return [];
    }
    const before = settled ? highest : (last.get(source) ?? 0);
    last.set(source, generation);
    highest = Math.max(highest, generation);
    if (generation >= before) return [];
    return [{ rule: 'generations', at, detail: `${source} went back from ${before} to ${generation}` }];
  });
}
