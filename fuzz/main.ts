import { parseArgs } from 'node:util';
import { keepCase, readCorpus } from './corpus.ts';
import { generateCases } from './generate.ts';
import { narrowed } from './narrow.ts';
import { runFuzz } from './run.ts';

// Hostile clients and nodes at random against a gateway: npm run fuzz -- [--seed N] [--cases N]. Exit code 1 when
// something went wrong; then what caused it is kept in fuzz/corpus, which each run plays first.

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    cases: { type: 'string', default: '200000' },
  },
});

function number(name: 'seed' | 'cases'): number {
  const value = Number(values[name]);
  if (Number.isInteger(value) && value >= 0) return value;
  process.stderr.write(`--${name} is an integer, not ${values[name]}\n`);
  process.exit(2);
}

function* corpusAnd(seed: number, cases: number) {
  yield* readCorpus();
  yield* generateCases(seed, cases);
}

const [seed, cases] = [number('seed'), number('cases')];
process.stdout.write(`seed ${seed}, ${cases} cases\n`);
const start = performance.now();
const {
  faults,
  suspects,
  cases: played,
} = await runFuzz({
  cases: corpusAnd(seed, cases),
  lookEvery: Math.max(500, Math.ceil(cases / 20)),
  onLook: ({ cases: done, rssBytes, medianMs, worstMs, loopDelayMs }) => {
    const seconds = Math.round((performance.now() - start) / 1000);
    const honest = `honest clients: median ${medianMs.toFixed(1)} ms, worst ${worstMs.toFixed(0)} ms; event loop: ${loopDelayMs.toFixed(0)} ms`;
    process.stdout.write(`${done} cases in ${seconds} s: ${Math.round(rssBytes / 2 ** 20)} MiB; ${honest}\n`);
  },
});
if (faults.length === 0) process.stdout.write(`${played} cases: nothing went wrong\n`);
else {
  process.stdout.write(`after ${played} cases:\n${faults.map((fault) => `- ${fault}\n`).join('')}`);
  process.stdout.write(`Again: npm run fuzz -- --seed ${seed} --cases ${cases}\n`);
  for (const kept of await narrowed(suspects)) process.stdout.write(`kept ${kept.kind}: ${keepCase(kept)}\n`);
  process.exitCode = 1;
}
