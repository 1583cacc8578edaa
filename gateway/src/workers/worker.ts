import { on } from 'node:events';
import { WsClusterError } from '@wscluster/ring';
import type { Logger, Running } from '@wscluster/service';
import { createGateway, type Gateway } from '../gateway.ts';
import type { ToWorker, WorkerOptions } from './messages.ts';
import { PrimaryLink, tell } from './primary-link.ts';

/** Milliseconds in which the primary says what to do. */
const BEGIN_MS = 10_000;

/** Starts a worker: a gateway whose bus and store are the primary, and without probes of its own. */
export async function startWorker(root: Logger): Promise<Running> {
  const { options, connected } = await begin();
  const { cluster, id, worker, workers } = options;
  const log = root.child({ cluster, gateway: id, worker }, { level: options.logLevel });
  const link = new PrimaryLink(connected);
  let gateway: Gateway | undefined;
  let said: string | undefined;
  const sayProblem = () => {
    if (gateway === undefined || gateway.problem === said) return;
    said = gateway.problem;
    tell({ say: 'listens', problem: said });
  };
  process.on('message', (message: ToWorker) => {
    link.take(message);
    if (message.say === 'measure')
      void gateway?.metrics.getMetricsAsJSON().then((metrics) => tell({ say: 'metrics', metrics }));
    else if (message.say === 'change') {
      log.level = message.logLevel;
      gateway?.change({ ...message.options, unreadyMs: 0 });
    }
    // A first ring makes it ready. It may be applied after a promise of the store.
    setImmediate(sayProblem);
  });
  gateway = await createGateway({
    ...{ cluster, id, log, listen: options.listen, advertise: options.advertise, drainMs: options.drainMs },
    // The primary has waited for that.
    unreadyMs: 0,
    probes: undefined,
    worker: { of: workers },
    store: link,
    openBus: async (handlers) => link.follow(handlers),
  });
  said = gateway.problem;
  tell({ say: 'listens', problem: said });
  return { stop: () => gateway.stop(), survive: (event, error) => gateway.survive(event, error) };
}

async function begin(): Promise<{ options: WorkerOptions; connected: boolean }> {
  tell({ say: 'hello' });
  try {
    // What comes before that is in the store too.
    for await (const [message] of on(process, 'message', { signal: AbortSignal.timeout(BEGIN_MS) }) as AsyncIterable<
      [ToWorker]
    >)
      if (message.say === 'begin') return message;
  } catch {
    // Too late.
  }
  throw new WsClusterError('INTERNAL', 'the primary did not say what to do');
}
