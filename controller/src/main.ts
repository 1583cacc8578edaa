import { createLogger, readOptions, runProcess } from '@wscluster/service';
import { startController } from './app.ts';
import { controllerOptions } from './config.ts';

const log = createLogger('controller');

await runProcess(log, async (stopping) => {
  const options = readOptions('wscluster controller', controllerOptions, process.argv.slice(2), process.env, log);
  return options === undefined ? process.exit(0) : startController(options, stopping);
});
