import { machine } from './machine.ts';
import { measureIsolated } from './peers/isolated.ts';
import { provide } from './peers/needs.ts';
import { write } from './peers/report/write.ts';
import { verdicts } from './peers/verdicts.ts';
import { atMost, type BenchOptions, type BenchResult } from './result.ts';

/**
 * Our gateway beside nginx, HAProxy, http-proxy-3, httpxy and a relay of `ws`: each on one core, in front of the same
 * node, with the same load, in turns. docs/benchmarks.md says how to read it.
 */
export async function run({ quick, cases }: BenchOptions): Promise<BenchResult[]> {
  const programs = await provide();
  const began = performance.now();
  const { figures, failures } = await measureIsolated({ programs, quick, cases });
  const seconds = Math.round((performance.now() - began) / 1000);
  const reached = verdicts(figures);
  const measured = `Measured on ${new Date().toISOString().slice(0, 10)} in ${seconds} s: ${machine()}`;
  const forDocs = !quick && cases === undefined && failures.length === 0;
  const folder = write({ machine: measured, seconds, figures, verdicts: reached }, forDocs);
  process.stderr.write(`  ${seconds} s; the figures are in ${folder}\n`);
  return [...reached, atMost('peers: cases that failed', failures.length, 0, '', failures.join('; '))];
}
