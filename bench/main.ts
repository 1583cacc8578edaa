import { readdirSync } from 'node:fs';
import { readArguments, refuse } from '../scripts/arguments.ts';
import { machine } from './machine.ts';
import type { BenchOptions, BenchResult } from './result.ts';

const names = readdirSync(new URL('.', import.meta.url))
  .filter((file) => file.endsWith('.bench.ts'))
  .map((file) => file.slice(0, -'.bench.ts'.length))
  .sort();

const USAGE = `usage: npm run bench -- [NAME...] [--quick] [--cases=A,B]

Runs benchmarks one after the other, and prints a table. Figures are ratios to a peer in the same run wherever a peer
exists. Exit code 1 when a limit is missed.

  NAME          the benchmark of that name, or all that have it in their names; default: all
  --quick       those that can measure less do so
  --cases=A,B   only these, of benchmarks that have several; docs/benchmarks.md has their names

The benchmarks: ${names.join(', ')}.
`;

const { values, positionals: wanted } = readArguments(USAGE, {
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, cases: { type: 'string' } },
});
const options: BenchOptions = { quick: values.quick, cases: values.cases?.split(',') };
const meantBy = (word: string) => (names.includes(word) ? [word] : names.filter((name) => name.includes(word)));
const unknown = wanted.find((word) => meantBy(word).length === 0);
if (unknown !== undefined) refuse(USAGE, `there is no benchmark ${unknown}, but ${names.join(', ')}`);
const meant = new Set(wanted.flatMap(meantBy));
const files = names.filter((name) => meant.size === 0 || meant.has(name)).map((name) => `${name}.bench.ts`);

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
