import { createLogger, readOptions, runProcess } from '@wscluster/service';
import { startController } from './app.ts';
import { controllerOptions } from './config.ts';

await runProcess(createLogger('controller'), async (stopping) => {
  const options = readOptions('wscluster controller', controllerOptions);
  return options === undefined ? process.exit(0) : startController(options, stopping);
});
