import { createLogger, readOptions, runProcess } from '@wscluster/service';
import { startDev } from './dev/dev.ts';
import { devOptions } from './dev/options.ts';

const [command, ...args] = process.argv.slice(2);

if (command === 'dev') {
  await runProcess(createLogger('dev'), async (signal) => {
    const options = readOptions('wscluster dev', devOptions, args);
    return options === undefined ? process.exit(0) : startDev(options, signal);
  });
} else {
  process.stderr.write('usage: wscluster dev [--help]\n');
  process.exit(2);
}
