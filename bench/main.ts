import { readdirSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import type { BenchResult } from './result.ts';

// Runs every benchmark of this folder (or those whose file name contains an argument), one after the other, and prints
// a table. Exit code 1 when a limit is missed. Figures are ratios to a peer in the same run wherever a peer exists.

const wanted = process.argv.slice(2);
const files = readdirSync(new URL('.', import.meta.url))
  .filter((name) => name.endsWith('.bench.ts'))
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort();

const results: BenchResult[] = [];
for (const file of files) {
  process.stderr.write(`${file} ...\n`);
  const { run } = (await import(new URL(file, import.meta.url).href)) as { run: () => Promise<BenchResult[]> };
  results.push(...(await run()));
}

const number = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
process.stdout.write(
  `${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, ${platform()} ${release()} ${arch()}, Node ${process.version}\n\n`,
);
process.stdout.write('| figure | measured | limit | | detail |\n|---|---|---|---|---|\n');
for (const { name, measured, limit, atLeast, ok, unit, detail } of results)
  process.stdout.write(
    `| ${name} | ${number(measured)} ${unit} | ${atLeast === true ? '≥' : '≤'} ${number(limit)} | ${ok ? 'ok' : 'MISSED'} | ${detail} |\n`,
  );
process.exitCode = results.every((result) => result.ok) ? 0 : 1;
