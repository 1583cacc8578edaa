import cluster from 'node:cluster';
import { createLogger, readOptions, runProcess } from '@wscluster/service';
import { startGateway } from './app.ts';
import { OPTIONS } from './config.ts';
import { Reloader } from './reload.ts';
import { startWorker } from './workers/worker.ts';

const root = createLogger('gateway');
if (cluster.isWorker) await runProcess(root, () => startWorker(root), { obeys: 'launcher' });
else
  await runProcess(root, async () => {
    const read = () => readOptions('gateway', OPTIONS, process.argv.slice(2), process.env, root);
    const config = read();
    // --help was printed.
    if (config === undefined) process.exit(0);
    const log = root.child({ cluster: config.cluster, gateway: config.id }, { level: config.logLevel });
    const gateway = await startGateway(config, log);
    // Without a file there is nothing to reload, and SIGHUP ends a process whose terminal was closed.
    if (config.config === undefined) return gateway;
    const reloader = new Reloader(config, read, gateway, log);
    return Object.assign(gateway, { reload: () => reloader.reload() });
  });
