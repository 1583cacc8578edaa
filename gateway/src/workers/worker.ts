import type { ProcessLogger, Running } from '@wscluster/service';
import { createGateway, type Gateway } from '../gateway.ts';
import type { ToWorker } from './messages.ts';
import { PrimaryLink, tell } from './primary-link.ts';

/** Milliseconds in which the primary says what to do. */
const BEGIN_MS = 10_000;

/** Starts a worker: a gateway whose bus and store are the primary, and without probes of its own. */
export async function startWorker(root: ProcessLogger): Promise<Running> {
  const link = new PrimaryLink();
  process.on('message', (message: ToWorker) => link.take(message));
  tell({ say: 'hello' });
  const options = await link.begun(BEGIN_MS);
  const { cluster, id, worker, workers } = options;
  const log = root.child({ cluster, gateway: id, worker }, { level: options.logLevel });
  let gateway: Gateway | undefined;
  let said: string | undefined;
  const sayProblem = () => {
    if (gateway === undefined || gateway.problem === said) return;
    said = gateway.problem;
    tell({ say: 'listens', problem: said });
  };
  process.on('message', (message: ToWorker) => {
    if (message.say === 'measure')
      gateway?.metrics.getMetricsAsJSON().then(
        (metrics) => tell({ say: 'metrics', metrics }),
        (error: unknown) => gateway?.survive('unhandled-rejection', error),
      );
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
    worker: { number: worker, of: workers },
    store: link,
    openBus: async (handlers) => link.follow(handlers),
  });
  said = gateway.problem;
  tell({ say: 'listens', problem: said });
  return { stop: () => gateway.stop(), survive: (event, error) => gateway.survive(event, error) };
}
