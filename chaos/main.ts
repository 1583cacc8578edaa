import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WsClusterError } from '@wscluster/ring';
import { numberOption, readArguments } from '../scripts/arguments.ts';
import { bundlePrograms } from '../test/run/bundle-programs.ts';
import { type Brokers, startBrokers } from './brokers.ts';
import { report } from './report.ts';
import { runChaos } from './run.ts';
import { SCOPES } from './schedule.ts';

const USAGE = `usage: npm run chaos -- [--seed N] [--minutes M] [--clients N] [--brokers] [--only A,B]

Random faults against a system of real processes, whose promises are checked after each round. Exit code 1 when one was
broken, 130 when the run was interrupted.

  --seed N      the same seed makes the same schedule of faults; default: any, which is printed
  --minutes M   no round begins after this time; default: 5
  --clients N   default: 100
  --brokers     two controllers, a real RabbitMQ and a real Redis; default: one controller, embedded bus and store
  --only A,B    faults of these kinds alone: ${SCOPES.join(', ')}; or whose names begin so
`;

const { values } = readArguments(USAGE, {
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    minutes: { type: 'string', default: '5' },
    clients: { type: 'string', default: '100' },
    brokers: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
  },
});

const seed = numberOption(USAGE, '--seed', values.seed);
const minutes = numberOption(USAGE, '--minutes', values.minutes, { whole: false });
const clients = numberOption(USAGE, '--clients', values.clients);
const only = values.only === '' ? undefined : values.only.split(',');
const interrupted = new AbortController();
// More than once: a terminal signals the whole group, and so do npm and scripts/run.mjs.
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    if (!interrupted.signal.aborted) process.stdout.write('ends once the faults under way are healed\n');
    interrupted.abort();
  });

process.stdout.write(`seed ${seed}, ${minutes} minutes, ${values.brokers ? 'RabbitMQ and Redis' : 'embedded'}\n`);
const root = fileURLToPath(new URL('..', import.meta.url));
// Of this run alone: another one may have other sources.
const programs = join(root, 'node_modules', '.cache', `chaos-${process.pid}`);
let brokers: Brokers | undefined;
try {
  Object.assign(process.env, await bundlePrograms(root, programs));
  interrupted.signal.throwIfAborted();
  if (values.brokers) brokers = await startBrokers();
  interrupted.signal.throwIfAborted();
  const result = await runChaos({
    ...{ seed, clients, only, brokers, milliseconds: minutes * 60_000, signal: interrupted.signal },
    onRound: ({ number: round, history }) => {
      const last = history.faults.slice(-4).map(({ kind, target }) => `${kind} (${target})`);
      process.stdout.write(`round ${round}: ${history.faults.length} faults so far, the last: ${last.join(', ')}\n`);
    },
  });
  process.stdout.write(`${report(result)}\n`);
  if (result.violations.length > 0) {
    const options = [...(values.brokers ? ['--brokers'] : []), ...(only === undefined ? [] : ['--only', only.join()])];
    process.stdout.write(`Again: npm run chaos -- --seed ${seed} ${options.join(' ')}\n`);
    process.exitCode = 1;
  } else if (interrupted.signal.aborted) process.exitCode = 130;
} catch (error) {
  if (interrupted.signal.aborted) process.exitCode = 130;
  else if (error instanceof WsClusterError && error.field === 'only') {
    process.stderr.write(`--only: ${error.message}\n`);
    process.exitCode = 2;
  } else throw error;
} finally {
  await brokers?.dispose();
  rmSync(programs, { recursive: true, force: true });
}
