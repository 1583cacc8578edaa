import { atRest } from './migrate/at-rest.ts';
import { blackout } from './migrate/blackout.ts';
import { crowd } from './migrate/crowd.ts';
import { provide } from './peers/needs.ts';
import type { BenchOptions, BenchResult } from './result.ts';

const CASES = ['blackout', 'crowd', 'rest'];

/** What `rebalance.mode: migrate` costs: those who move, those beside them, and everybody while nothing moves. */
export async function run(options: BenchOptions): Promise<BenchResult[]> {
  const { cases = CASES } = options;
  const results: BenchResult[] = [];
  if (cases.includes('blackout')) results.push(...(await blackout(options)));
  if (!cases.includes('crowd') && !cases.includes('rest')) return results;
  const programs = await provide();
  if (cases.includes('crowd')) results.push(...(await crowd(programs, options)));
  if (cases.includes('rest')) results.push(...(await atRest(programs, options)));
  return results;
}
