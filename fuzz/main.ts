import { numberOption, readArguments, refuse } from '../scripts/arguments.ts';
import { keepCase, readCorpus } from './corpus.ts';
import { generateCases } from './generate.ts';
import { mostLikely } from './likely.ts';
import { narrowed } from './narrow.ts';
import { inWords, missing } from './outcomes.ts';
import { runFuzz } from './run.ts';

const DEFAULT_CASES = 200_000;
/** If the fault does not come again, nobody looks at hundreds of cases, and each run would play them all. */
const MOST_KEPT = 16;
const USAGE = `usage: npm run fuzz -- [--seed N] [--cases N | --minutes M]

Hostile clients and nodes at random against a gateway. Exit code 1 when something went wrong; then what caused it is kept
in fuzz/corpus, at most ${MOST_KEPT} cases, which each run plays first.

  --seed N      the same seed makes the same cases; default: any, which is printed
  --cases N     default: ${DEFAULT_CASES}
  --minutes M   cases for so long, instead
`;

const { values } = readArguments(USAGE, {
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    cases: { type: 'string' },
    minutes: { type: 'string' },
  },
});

if (values.cases !== undefined && values.minutes !== undefined)
  refuse(USAGE, '--cases and --minutes exclude each other');
const seed = numberOption(USAGE, '--seed', values.seed);
const minutes =
  values.minutes === undefined ? undefined : numberOption(USAGE, '--minutes', values.minutes, { whole: false });
const cases =
  minutes === undefined
    ? numberOption(USAGE, '--cases', values.cases ?? String(DEFAULT_CASES))
    : Number.POSITIVE_INFINITY;
process.stdout.write(`seed ${seed}, ${minutes === undefined ? `${cases} cases` : `${minutes} minutes`}\n`);
/** Most of a case is waiting. */
const AT_A_TIME = 256;
/** So many cases come to all that migrations usually come to. */
const MANY_CASES = 20_000;
const start = performance.now();
const kinds = new Set<string>();

function* corpusAndGenerated() {
  yield* readCorpus();
  for (const generated of generateCases(seed, cases)) {
    if (minutes !== undefined && performance.now() - start > minutes * 60_000) return;
    kinds.add(generated.kind);
    yield generated;
  }
}

const {
  faults,
  suspects,
  failedKinds,
  cases: played,
  outcomes,
  honestMoves,
} = await runFuzz({
  cases: corpusAndGenerated(),
  atATime: AT_A_TIME,
  lookEvery: minutes === undefined ? Math.max(500, Math.ceil(cases / 20)) : 10_000,
  onLook: ({ cases: done, rssBytes, medianMs, worstMs, loopDelayMs }) => {
    const seconds = Math.round((performance.now() - start) / 1000);
    const honest = `honest clients: median ${medianMs.toFixed(1)} ms, worst ${worstMs.toFixed(0)} ms; event loop: ${loopDelayMs.toFixed(0)} ms`;
    process.stdout.write(`${done} cases in ${seconds} s: ${Math.round(rssBytes / 2 ** 20)} MiB; ${honest}\n`);
  },
});
const unseen = played < MANY_CASES ? [] : missing(outcomes);
if (faults.length === 0) {
  const verdict = unseen.length === 0 ? 'nothing went wrong' : `no migration ended as ${unseen.join(', ')}`;
  process.stdout.write(`${played} cases of ${kinds.size} kinds: ${verdict}\n`);
  process.stdout.write(`migrations: ${inWords(outcomes)}; ${honestMoves} of them migrated honest clients\n`);
  if (unseen.length > 0) process.exitCode = 1;
} else {
  process.stdout.write(`after ${played} cases:\n${faults.map((fault) => `- ${fault}\n`).join('')}`);
  process.stdout.write(`Again: npm run fuzz -- --seed ${seed} --cases ${played}\n`);
  const causes = await narrowed(suspects, AT_A_TIME);
  const likely = mostLikely(causes, failedKinds, MOST_KEPT);
  for (const kept of likely) process.stdout.write(`kept ${kept.kind}: ${keepCase(kept)}\n`);
  const leftOut = causes.length - likely.length;
  if (leftOut > 0)
    process.stdout.write(`left out ${leftOut} less likely cases: the fault did not come again with half as many\n`);
  process.exitCode = 1;
}
