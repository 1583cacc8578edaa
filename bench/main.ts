import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { machine } from './machine.ts';
import type { BenchOptions, BenchResult } from './result.ts';

// Runs every benchmark of this folder one after the other, or those that arguments name (the one of that name, or all
// whose name contains it), and prints a table. Exit code 1 when a limit is missed. Figures are ratios to a peer in the
// same run wherever a peer exists.
// --quick: those that can measure less do so. --cases=A,B: only these, of benchmarks that have several.

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, cases: { type: 'string' } },
});
const options: BenchOptions = { quick: values.quick, cases: values.cases?.split(',') };
const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.slice(0, -'.bench.ts'.length))
  .sort();
const isWanted = (name: string) =>
  wanted.length === 0 || wanted.some((part) => (names.includes(part) ? name === part : name.includes(part)));
const files = names.filter(isWanted).map((name) => `${name}.bench.ts`);

const results: BenchResult[] = [];
for (const file of files) {
  process.stderr.write(`${file} ...\n`);
  const { run } = (await import(new URL(file, import.meta.url).href)) as {
    run: (options: BenchOptions) => Promise<BenchResult[]>;
  };
  results.push(...(await run(options)));
}

const number = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
process.stdout.write(`${machine()}\n\n`);
process.stdout.write('| figure | measured | limit | | detail |\n|---|---|---|---|---|\n');
for (const { name, measured, limit, atLeast, ok, unit, detail } of results)
  process.stdout.write(
    `| ${name} | ${number(measured)} ${unit} | ${atLeast === true ? '≥' : '≤'} ${number(limit)} | ${ok ? 'ok' : 'MISSED'} | ${detail} |\n`,
  );
process.exitCode = results.every((result) => result.ok) ? 0 : 1;
