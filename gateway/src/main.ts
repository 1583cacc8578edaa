import { createLogger, readOptions, runProcess } from '@wscluster/service';
import { startGateway } from './app.ts';
import { OPTIONS } from './config.ts';

const log = createLogger('gateway');
await runProcess(log, async () => {
  const config = readOptions('gateway', OPTIONS);
  // --help was printed.
  if (config === undefined) process.exit(0);
  return startGateway(config, log.child({ cluster: config.cluster, gateway: config.id }));
});
